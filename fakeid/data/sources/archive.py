"""List and read images in zip and tar files in place, without unpacking them."""

import hashlib
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fakeid.data.sources.base import IGNORED_PREFIXES, IMAGE_EXTENSIONS
from fakeid.errors import BadImageError, DataError, UnreadableImageError
from fakeid.io import clear_output_errors, write_atomically

ARCHIVE_EXTENSIONS: Final = (".zip", ".tar")

_VERSION: Final = 1  # of the format of listings
_UNSAFE: Final = re.compile(r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAX_NAME: Final = 1024  # bytes
_MAX_SIZE: Final = 200_000_000  # bytes of one image file
_MAX_INFLATION: Final = 1000
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")  # signature, lengths of the name and of the extra field after it
_STORED, _DEFLATED, _IN_TAR = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, -1
_LIST_ERRORS: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,  # what zipfile raises for a version of the format that it does not know
    ValueError,
    EOFError,
    OverflowError,
    IndexError,
    struct.error,
)


class _Member(NamedTuple):
    name: str
    offset: int  # of the local header in a zip, of the data in a tar
    stored_size: int
    size: int
    method: int
    crc: int


class Archive:
    """The images of one archive; open it with `open_archive`.

    Only visible files with an image extension count. Of members with the same name the last one counts, as in other
    programs.
    """

    def __init__(self, path: Path, members: npt.NDArray[Any]) -> None:
        self._path = path
        self._members = np.asarray(members)  # taking single elements from a mapped array is slow

    def names(self) -> Iterator[str]:
        """List the members' paths in the archive, sorted, with forward slashes."""
        for name in self._members["name"]:
            yield name.decode()

    def folders(self) -> set[str]:
        """Collect the paths of the folders that hold images; the top level of the archive is the empty path."""
        return {name.rpartition("/")[0] for name in self.names()}

    def sizes(self) -> Iterator[tuple[str, int]]:
        """List the members' paths, each with the unpacked size of the file in bytes."""
        yield from zip(self.names(), self._members["size"].tolist(), strict=True)

    def read(self, name: str) -> bytes:
        """Read the bytes of one member.

        Raises:
            BadImageError: The member is cut short or damaged.
            UnreadableImageError: The archive cannot be read, or the member is missing.
        """
        key, names = name.encode(), self._members["name"]
        row = int(np.searchsorted(names, np.bytes_(key)))
        if row == len(names) or names[row] != key:
            raise UnreadableImageError(f"{self._path / name} is no longer in the archive: restore {self._path.name}")
        _, offset, stored_size, size, method, crc = self._members[row].item()
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                if method != _IN_TAR:
                    _skip_local_header(file)
                data = file.read(stored_size)
            if method == _DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 1)
        except (OSError, zlib.error, struct.error, ValueError) as error:
            kind = UnreadableImageError if isinstance(error, OSError) else BadImageError
            raise kind(f"{self._path / name} cannot be read ({error}): {_way_out(self._path)}") from error
        if len(data) != size or (method != _IN_TAR and zlib.crc32(data) != crc):
            raise BadImageError(f"{self._path / name} is damaged (wrong checksum or size): {_way_out(self._path)}")
        return data


def open_archive(path: Path, listings: Path | None) -> Archive:
    """Open an archive; the list of its members is cached and memory-mapped, so that it takes little memory.

    Args:
        path: A zip or tar file, told apart by the extension.
        listings: Cache folder for the list; None keeps it in this process only.

    Raises:
        DataError: The archive is missing, cut short or damaged, or holds a member that is a link, unsafe, encrypted,
            of an absurd size, or compressed with a method other than zip's default.
        OutputError: The list cannot be written.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): restore it") from error
    return _open(path, status.st_size, status.st_mtime_ns, listings)


@lru_cache(maxsize=64)
def _open(path: Path, size: int, mtime_ns: int, listings: Path | None) -> Archive:
    if listings is None:
        return Archive(path, _list(path))
    digest = hashlib.sha256(f"{_VERSION}/{path.name}/{size}/{mtime_ns}".encode()).hexdigest()[:12]
    listing = listings / f"{path.name}-{digest}.npy"
    try:
        return Archive(path, np.load(listing, mmap_mode="r"))
    except (OSError, ValueError, EOFError):  # the listing does not exist yet, or is damaged
        members = _list(path)
    with clear_output_errors(listings, "paths.cache"):
        write_atomically(listing, lambda file: np.save(file, members))
    return Archive(path, np.load(listing, mmap_mode="r") if len(members) else members)


def _list(path: Path) -> npt.NDArray[Any]:
    list_members = _list_zip if path.suffix.lower() == ".zip" else _list_tar
    try:
        return _to_array(list_members(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}): restore it") from error
    except DataError:
        raise
    except _LIST_ERRORS as error:
        raise DataError(
            f"{path} is cut short, damaged, or not a {path.suffix[1:].lower()} archive ({error}): {_way_out(path)}"
        ) from error


def _list_zip(path: Path) -> Iterator[_Member]:
    end = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            # Not `filename`, which ends at a NUL.
            name = _check_name(path, info.orig_filename, is_folder=info.is_dir())
            if name is None:
                continue
            if info.flag_bits & 0x1:
                raise DataError(f"{path / name} is encrypted: unpack {path.name} and read the folder")
            if info.compress_type not in (_STORED, _DEFLATED):
                raise DataError(
                    f"{path / name} is compressed with method {info.compress_type}, and only stored or deflated "
                    f"images can be read in place: unpack {path.name}"
                )
            member = _Member(name, info.header_offset, info.compress_size, info.file_size, info.compress_type, info.CRC)
            _check_size(path, member, end)
            yield member


def _list_tar(path: Path) -> Iterator[_Member]:
    end = path.stat().st_size
    with tarfile.open(path, "r:") as archive:
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # would keep a kilobyte per member
            is_link = info.issym() or info.islnk()
            name = _check_name(path, info.name, is_folder=not (info.isreg() or is_link))
            if name is None:
                continue
            if is_link:
                raise DataError(
                    f"{path / name} is a link, which cannot be read in place: unpack {path.name} and read the folder"
                )
            if info.issparse():
                raise DataError(f"{path / name} is a sparse file, which cannot be read in place: unpack {path.name}")
            member = _Member(name, info.offset_data, info.size, info.size, _IN_TAR, 0)
            _check_size(path, member, end)
            yield member
        # tarfile mistakes a damaged header, and a file that ends between two members, for the end of the archive.
        with path.open("rb") as file:
            file.seek(archive.offset)
            if file.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
                raise tarfile.ReadError("no end mark after the last readable member")


def _to_array(members: Iterable[_Member]) -> npt.NDArray[Any]:
    by_name = {member.name.encode(): member[1:] for member in members}
    columns = [("name", f"S{max(map(len, by_name), default=1)}"), ("offset", "<i8"), ("stored_size", "<i8")]
    columns += [("size", "<i8"), ("method", "<i2"), ("crc", "<u4")]
    return np.array([(name, *by_name[name]) for name in sorted(by_name)], dtype=columns)


def _check_name(path: Path, name: str, *, is_folder: bool) -> str | None:
    """Remove empty parts from a member's path; return None if it is not a visible image file."""
    if is_folder:
        return None
    if _UNSAFE.search(name) or len(name.encode(errors="replace")) > _MAX_NAME:
        raise DataError(
            f"{path} has a member with the unsafe name {name[:80]!r}: this is not an archive of samples; remove it"
        )
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not name.lower().endswith(IMAGE_EXTENSIONS) or any(part.startswith(IGNORED_PREFIXES) for part in parts):
        return None
    return "/".join(parts)


def _check_size(path: Path, member: _Member, end: int) -> None:
    if member.size > _MAX_SIZE or member.size > _MAX_INFLATION * max(member.stored_size, 1):
        raise DataError(
            f"{path / member.name} unpacks from {member.stored_size:,} to {member.size:,} bytes, more than "
            f"{_MAX_SIZE:,} or {_MAX_INFLATION} times as many: this is not an image; remove it from the archive"
        )
    if member.offset + member.stored_size > end or member.stored_size > _MAX_SIZE:
        raise ValueError(f"{member.name} lies beyond the end of the file")


def _skip_local_header(file: Any) -> None:
    signature, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != b"PK\3\4":
        raise ValueError("its header is overwritten")
    file.seek(name_length + extra_length, 1)


def _way_out(path: Path) -> str:
    return f"copy or download {path.name} again"
