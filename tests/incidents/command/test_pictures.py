"""A picture is decoded within bounds and written anew: only pixels stay, whatever came with them."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from incidents.command import pictures
from incidents.command.writing import Refused

NO_PICTURE = "That is no picture we can read. Give a PNG, a JPEG or a WebP."


def encoded(kind: str, size=(40, 20), mode="RGB", **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else None).save(out, kind, **options)
    return out.getvalue()


def read(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize(("came", "kept"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/png")])
def test_three_kinds_come_and_two_are_kept(came, kept):
    rewritten = pictures.rewrite(encoded(came))

    assert (rewritten.media_type, rewritten.width, rewritten.height) == (kept, 40, 20)
    assert f"image/{read(rewritten.content).format.lower()}" == kept


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is of that size."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
# By the File Upload Cheat Sheet of OWASP: what names itself a picture and is none, or is one of a kind not allowed.
NONE = {
    "nothing": b"",
    "text": b"hello",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": SVG,
    "svg behind an XML declaration": b'<?xml version="1.0"?>' + SVG,
    "php that begins as a GIF": b"GIF89a;<?php system($_GET['c']); ?>",
    "gif": encoded("GIF"),
    "bmp": encoded("BMP"),
    "tiff": encoded("TIFF"),
    "ico": encoded("ICO"),
    "eps, which runs a program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "a signature alone": b"\x89PNG\r\n\x1a\n",
    "a signature before html": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "a PNG that breaks off": encoded("PNG", (400, 400))[:60],
    "a JPEG that breaks off": encoded("JPEG", (400, 400))[:200],
    "a PNG without pixels": bomb(40, 20),
    "zip": b"PK\x03\x04" + b"\x00" * 60,
    "exe": b"MZ" + b"\x00" * 60,
}


@pytest.mark.parametrize("data", NONE.values(), ids=NONE.keys())
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Refused, match=NO_PICTURE):
        pictures.rewrite(data)


@pytest.mark.parametrize("size", [(5000, 5000), (100_000, 100_000), (2**31 - 1, 1), (30_000_000, 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_one_with_too_many_pixels_is_refused_before_it_is_decoded(size):
    with pytest.raises(Refused, match="over 24 million pixels"):
        pictures.rewrite(bomb(*size))


def test_one_of_too_many_bytes_is_refused():
    with pytest.raises(Refused, match="over 8 MB"):
        pictures.rewrite(encoded("PNG") + b"\x00" * 8 * 1024 * 1024)


def test_what_is_hidden_behind_or_in_a_picture_is_gone():
    about = PngInfo()
    about.add_text("Comment", "<script>alert('text')</script>")
    about.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>where I live</x:xmpmeta>")
    data = encoded("PNG", pnginfo=about) + b"<script>alert('trailer')</script>"

    kept = pictures.rewrite(data).content
    assert b"alert" not in kept
    assert b"where I live" not in kept
    assert [name for name in (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"iTXt", b"eXIf") if name in kept] == [
        b"IHDR", b"IDAT", b"IEND",
    ]  # fmt: skip


def test_where_a_photograph_was_taken_is_gone_and_it_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "<script>alert(1)</script>"
    exif.get_ifd(0x8825)[1] = "S"

    rewritten = pictures.rewrite(encoded("JPEG", (40, 20), exif=exif))
    assert (rewritten.width, rewritten.height) == (20, 40)
    assert len(read(rewritten.content).getexif()) == 0
    assert b"script" not in rewritten.content


def test_of_one_that_moves_the_first_image_stays():
    out = BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    kept = read(pictures.rewrite(out.getvalue()).content)
    assert getattr(kept, "n_frames", 1) == 1
    assert kept.getpixel((5, 5)) == (255, 0, 0)


def test_a_large_one_is_made_smaller():
    rewritten = pictures.rewrite(encoded("PNG", (4800, 1200)))

    assert (rewritten.width, rewritten.height) == (2400, 600)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_every_way_to_keep_colours_is_read(mode):
    assert pictures.rewrite(encoded("PNG", mode=mode)).width == 40


def test_a_picture_that_one_sees_through_stays_so():
    kept = read(pictures.rewrite(encoded("PNG", mode="RGBA")).content)

    assert kept.mode == "RGBA"
    assert kept.getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_lossless_one_that_would_be_too_many_bytes_becomes_a_jpeg(monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST_KEPT_B", 50)

    assert pictures.rewrite(encoded("PNG", mode="RGBA")).media_type == "image/jpeg"
