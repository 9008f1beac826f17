import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from PIL import Image

from apps.core import clock, pictures, uploads
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainErrors
from apps.core.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.req("INT-03")]


def picture(kind="jpeg", size=(60, 40), mode="RGB", **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 0).save(out, kind, **options)
    return out.getvalue()


def office(*parts: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, "<x/>")
    return out.getvalue()


def file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + b"\0" * 64
EXE = b"MZ\x90\0\x03\0\0\0" + b"\0" * 64
GOOD = [
    ("a.jpg", picture(), "image/jpeg", "a.jpg"),
    ("a.JPEG", picture(), "image/jpeg", "a.jpg"),
    ("扫码 截图.png", picture("png"), "image/png", "扫码 截图.png"),
    ("a.webp", picture("webp"), "image/webp", "a.webp"),
    ("a.gif", picture("gif"), "image/gif", "a.gif"),
    ("shop.jpg", picture("webp"), "image/webp", "shop.webp"),
    ("image:1234", picture(), "image/jpeg", "image:1234.jpg"),
    ("a.pdf", PDF, "application/pdf", "a.pdf"),
    ("a.mp4", MP4, "video/mp4", "a.mp4"),
    ("a.mp4", MP4.replace(b"mp42", b"avc1", 1), "video/mp4", "a.mp4"),
    ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + b"\0" * 64, "video/quicktime", "a.mov"),
    ("a.mov", b"\0\0\0\x08wide\0\0\0\0mdat" + b"\0" * 64, "video/quicktime", "a.mov"),
    ("a.m4a", b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + b"\0" * 64, "audio/mp4", "a.m4a"),
    ("a.mp3", b"ID3\x03\0\0\0\0\0\x0a" + b"\0" * 64, "audio/mpeg", "a.mp3"),
    ("a.mp3", b"\xff\xf3\x40\xc4" + b"\0" * 64, "audio/mpeg", "a.mp3"),
    ("a.amr", b"#!AMR\n" + b"\x3c" * 64, "audio/amr", "a.amr"),
    (
        "a.docx",
        office("word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        0,
    ),
    ("a.xlsx", office("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 0),
    ("a.txt", "充电时有异响😀".encode(), "text/plain", "a.txt"),
    ("a.txt", "充电时有异响".encode("gb18030"), "text/plain", "a.txt"),
    ("a.txt", "充电时有异响".encode("utf-16"), "text/plain", "a.txt"),
]


@pytest.mark.parametrize(("name", "content", "content_type", "stored"), GOOD)
def test_accepted_files_are_stored_under_random_names(name, content, content_type, stored):
    [upload] = uploads.store([file(name, content)], actor=CUSTOMER)

    kept = Upload.objects.get(pk=upload.pk)
    assert (kept.name, kept.content_type) == (stored or name, content_type)
    assert "." not in kept.file.name.rsplit("/", 1)[-1]
    assert kept.file.read() and kept.file.size == kept.size
    assert kept.uploaded_by is None


BAD = [
    ("virus.exe", EXE, "upload.type"),
    ("virus.jpg", EXE, "upload.broken_picture"),
    ("virus.pdf", EXE, "upload.mismatch"),
    ("virus.txt", EXE, "upload.mismatch"),
    ("virus.mp4", EXE, "upload.mismatch"),
    ("photo.jpg.exe", picture(), "upload.type"),
    ("run.sh", b"#!/bin/sh\nrm", "upload.type"),
    ("run.txt", b"#!/bin/sh\nrm", "upload.mismatch"),
    ("page.html", b"<!DOCTYPE html><html>", "upload.type"),
    ("page.txt", b"\xef\xbb\xbf  <html><script>1</script>", "upload.mismatch"),
    ("page.pdf", b"<html>%PDF-1.7", "upload.mismatch"),
    ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "upload.type"),
    ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "upload.broken_picture"),
    ("noname", b"\x7fELF\x02\x01\x01", "upload.type"),
    (".htaccess", b"deny", "upload.type"),
    ("cut.png", picture("png", (400, 400))[:90], "upload.broken_picture"),
    ("a.tiff", b"II*\0", "upload.type"),
    ("a.docx", office("word/document.xml", "word/vbaProject.bin"), "upload.macros"),
    ("a.docx", office("xl/workbook.xml"), "upload.mismatch"),
    ("a.xlsx", office("evil.exe"), "upload.mismatch"),
    ("a.docx", b"PK\x03\x04 not a zip", "upload.mismatch"),
    ("a.docm", office("word/document.xml"), "upload.type"),
    ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "upload.heic"),
    ("renamed.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "upload.heic"),
    ("a.mp4", b"\0\0\0\x18ftypavif\0\0\0\0mif1heic", "upload.heic"),
    ("empty.jpg", b"", "upload.empty"),
]


@pytest.mark.parametrize(("name", "content", "code"), BAD)
def test_refused_files_say_why_beside_the_field(name, content, code):
    with pytest.raises(DomainErrors) as refused:
        uploads.store([file(name, content)], actor=CUSTOMER)

    [error] = refused.value.errors
    assert (error.code, error.field) == (code, "files")
    assert error.words and name.strip(".") in error.words
    assert not Upload.objects.exists()


def test_all_or_nothing_is_stored():
    files = [file("a.jpg", picture()), file("b.exe", EXE), file("c.png", b"no")]

    with pytest.raises(DomainErrors) as refused:
        uploads.store(files, actor=CUSTOMER)

    assert [e.code for e in refused.value.errors] == ["upload.type", "upload.broken_picture"]
    assert not Upload.objects.exists()


@pytest.mark.req("INT-05")
def test_a_refused_form_keeps_its_good_files():
    kept, errors = uploads.keep([file("a.jpg", picture()), file("b.exe", EXE)], actor=CUSTOMER)

    assert [u.name for u in kept] == ["a.jpg"]
    assert [e.code for e in errors] == ["upload.type"]


def test_no_more_files_than_the_limit(settings):
    settings.UPLOAD_MAX_FILES = 2

    kept, errors = uploads.keep([file(f"{n}.pdf", PDF) for n in range(3)], actor=CUSTOMER, already=1)

    assert len(kept) == 1
    assert [e.code for e in errors] == ["upload.too_many"]


def test_a_file_may_not_be_larger_than_the_limit(settings):
    settings.UPLOAD_MAX_BYTES = 1024**2

    with pytest.raises(DomainErrors) as refused:
        uploads.store([file("a.pdf", PDF + b" " * 1024**2)], actor=CUSTOMER)

    assert refused.value.errors[0].words.count("1") == 1


def test_pictures_lose_position_and_camera_data_and_stand_upright():
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # turned by 90°
    exif.get_ifd(0x8825)[1] = "N"
    source = picture(size=(60, 40), exif=exif, comment=b"secret words")

    [upload] = uploads.store([file("a.jpg", source)], actor=CUSTOMER)

    data = upload.file.read()
    stored = Image.open(BytesIO(data))
    assert stored.size == (40, 60)
    assert not stored.getexif()
    assert b"Secret" not in data
    assert b"secret" not in data


@pytest.mark.parametrize("kind", ["png", "webp", "gif"])
def test_other_pictures_lose_hidden_data_too(kind):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    options = {"comment": b"SecretCamera"} if kind == "gif" else {"exif": exif}

    [upload] = uploads.store([file(f"a.{kind}", picture(kind, **options) + b"SecretTail")], actor=CUSTOMER)

    assert b"Secret" not in upload.file.read()


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_moving_pictures_keep_moving(kind):
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "green", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], comment=b"SecretCamera")

    [upload] = uploads.store([file(f"a.{kind}", out.getvalue())], actor=CUSTOMER)

    data = upload.file.read()
    assert Image.open(BytesIO(data)).n_frames == 3
    assert b"Secret" not in data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_can_be_stored(mode):
    out = BytesIO()
    Image.new(mode, (5, 5)).save(out, "png")

    assert uploads.store([file("a.png", out.getvalue())], actor=CUSTOMER)


def test_cmyk_jpegs_become_readable_everywhere():
    [upload] = uploads.store([file("a.jpg", picture(mode="CMYK"))], actor=CUSTOMER)

    assert Image.open(upload.file).mode == "RGB"


@pytest.mark.parametrize("size", [(8_000, 7_000), (12_000, 9_000), (20_000, 20_000)])
def test_decompression_bombs_are_errors(size):
    bomb = picture("png", size, mode="1")
    assert len(bomb) < 200_000

    with pytest.raises(DomainErrors) as refused:
        uploads.store([file("a.png", bomb)], actor=CUSTOMER)

    assert refused.value.errors[0].code == "upload.too_many_pixels"


def gif(frames: int) -> bytes:
    one = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + one * frames + b"\x3b"


def test_an_animation_of_countless_tiny_frames_is_refused():
    """A hundred thousand frames of one pixel are 1.5 MB, and kept a web process busy for 40 seconds."""
    assert uploads.store([file("a.gif", gif(pictures.MAX_FRAMES))], actor=CUSTOMER)

    with pytest.raises(DomainErrors) as refused:
        uploads.store([file("a.gif", gif(pictures.MAX_FRAMES + 1))], actor=CUSTOMER)

    assert refused.value.errors[0].code == "upload.too_many_pixels"


def test_a_jpeg_that_paints_itself_again_and_again_is_refused():
    """Five hundred scans of 75 bytes each, over 49 million pixels, kept a web process busy for 27 seconds."""
    plain = picture(size=(400, 400), progressive=True)
    scan = plain[plain.rindex(b"\xff\xda") : -2]
    assert uploads.store([file("a.jpg", plain)], actor=CUSTOMER)

    with pytest.raises(DomainErrors) as refused:
        uploads.store([file("a.jpg", plain[:-2] + scan * 40 + plain[-2:])], actor=CUSTOMER)

    assert refused.value.errors[0].code == "upload.broken_picture"


def test_a_large_progressive_jpeg_is_refused(monkeypatch):
    """Reducing it while it is read saves nothing: all of it is kept in memory first."""
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100_000)

    with pytest.raises(DomainErrors) as refused:
        uploads.store([file("a.jpg", picture(size=(400, 400), progressive=True))], actor=CUSTOMER)

    assert refused.value.errors[0].code == "upload.too_many_pixels"


def test_a_very_large_photo_is_reduced_instead_of_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100_000)
    monkeypatch.setattr(pictures, "REDUCED_SIDE", 150)

    [upload] = uploads.store([file("a.jpg", picture(size=(640, 480)))], actor=CUSTOMER)

    assert Image.open(upload.file).size == (320, 240)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\我\\照片.jpg", "照片.jpg"),
        ("a\0b\r\n.jpg", "ab.jpg"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("  .. ", "file"),
        ("", "file"),
        (".jpg", "jpg"),
        ("名" * 300 + ".jpg", "名" * 116 + ".jpg"),
        ("a\ud800.jpg", "a.jpg"),
    ],
)
def test_names_are_cleaned(given, clean):
    assert uploads.clean_name(given) == clean


def test_pictures_are_shown_and_everything_else_is_a_download():
    shown, download = uploads.store([file("图.png", picture("png")), file("发票.pdf", PDF)], actor=CUSTOMER)

    first, second = uploads.response(shown), uploads.response(download)

    assert first["Content-Disposition"].startswith("inline")
    assert second["Content-Disposition"].startswith("attachment")
    for answer in (first, second):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_file_gone_from_the_disk_is_not_found():
    [upload] = uploads.store([file("a.pdf", PDF)], actor=CUSTOMER)
    upload.file.storage.delete(upload.file.name)

    with pytest.raises(Http404):
        uploads.response(upload)


def test_files_of_forms_never_sent_are_dropped_and_used_ones_stay(django_capture_on_commit_callbacks):
    from apps.feedback.models import Attachment
    from tests import factories

    old, new = clock.now() - timedelta(days=3), clock.now()
    with clock.at(old):
        forgotten, used = uploads.store([file("a.pdf", PDF), file("b.pdf", PDF)], actor=CUSTOMER)
        Attachment.objects.create(ticket=factories.ticket(), upload=used)
    with clock.at(new):
        [fresh] = uploads.store([file("c.pdf", PDF)], actor=CUSTOMER)

    with django_capture_on_commit_callbacks(execute=True):
        count = uploads.discard_unused()

    assert count == 1
    assert set(Upload.objects.all()) == {used, fresh}
    assert not forgotten.file.storage.exists(forgotten.file.name)
    assert used.file.storage.exists(used.file.name)
