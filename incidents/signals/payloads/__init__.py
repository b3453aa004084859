"""One pure parser per sender: bytes become readable items and named rejections."""
