"""Pictures of a timeline: what comes is decoded within bounds and written anew, so that only pixels stay.

Names, metadata, further frames and whatever was hidden behind the image are gone; vectors (SVG) are no pictures here.
Source: security.md S30; the file upload cheat sheet of OWASP (allow-list of types, content checked and rewritten, size
bounded, name not used, served with its own type).
"""

import hashlib
import io
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from incidents.command.models import Incident, Picture
from incidents.command.writing import Refused
from oncall.people.models import Person

if TYPE_CHECKING:
    from PIL import Image

LARGEST_B = 8 * 1024 * 1024  # bytes, as it comes
MOST_PIXELS = 24_000_000  # of the first frame, as it comes: a decoder is never asked for more
LONGEST_SIDE = 2400  # pixels, as it is kept
LARGEST_KEPT_B = 3 * 1024 * 1024  # bytes of a PNG; what would be more is kept as JPEG
MOST_PICTURES = 300  # of one incident
READ = ("PNG", "JPEG", "WEBP")
ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error)


@dataclass(frozen=True)
class Rewritten:
    """A picture as it may be kept."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def rewrite(data: bytes) -> Rewritten:
    """Decode a PNG, JPEG or WebP and write it anew, upright, no side longer than LONGEST_SIDE.

    :raises Refused: in words, if it is none, is broken, or is too large.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 -- 2 MB, for processes that are given a picture alone

    if len(data) > LARGEST_B:
        raise Refused("picture", f"That picture has over {LARGEST_B // 2**20} MB. Make it smaller, or cut it.")
    try:
        with Image.open(io.BytesIO(data), formats=READ) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused("picture", f"That picture has over {MOST_PIXELS // 10**6} million pixels. Cut it.")
            image.seek(0)
            upright = ImageOps.exif_transpose(image)
            return _written(upright, lossless=image.format != "JPEG")
    except Image.DecompressionBombError:
        raise Refused("picture", f"That picture has over {MOST_PIXELS // 10**6} million pixels. Cut it.") from None
    except _BROKEN:
        raise Refused("picture", "That is no picture we can read. Give a PNG, a JPEG or a WebP.") from None


def _written(image: "Image.Image", *, lossless: bool) -> Rewritten:
    from PIL import Image  # noqa: PLC0415 -- as above

    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    pixels = image.convert("RGBA" if see_through else "RGB")
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)  # nothing but pixels: no text, no profile, no thumbnail, no trailer
    if lossless:
        content = _encoded(clean, "PNG")
        if len(content) <= LARGEST_KEPT_B:
            return Rewritten(content, "image/png", *clean.size)
    flat = Image.new("RGB", clean.size, "white")
    flat.paste(clean, mask=clean.getchannel("A") if clean.mode == "RGBA" else None)
    return Rewritten(_encoded(flat, "JPEG"), "image/jpeg", *clean.size)


def _encoded(image: "Image.Image", kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 85} if kind == "JPEG" else {"optimize": False}))
    return out.getvalue()


def keep(incident: Incident, rewritten: Rewritten, *, by: Person, now: datetime) -> Picture:
    """Keep a picture of a locked incident.

    :raises Refused: if it has too many already.
    """
    if incident.pictures.count() >= MOST_PICTURES:
        raise Refused("picture", f"This incident has {MOST_PICTURES} pictures. Link the others from where they are.")
    return Picture.objects.create(
        incident=incident, by=by, at=now, content=rewritten.content, media_type=rewritten.media_type,
        width=rewritten.width, height=rewritten.height, digest=rewritten.digest,
    )  # fmt: skip
