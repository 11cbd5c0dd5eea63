"""The stand-ins are as what they stand for; what gramine-direct can be asked is asked of both."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.standins import probe_keys
from tests.standins.libos import Device, GramineDevice, OcclumDevice
from tests.standins.quotes import unsigned_quote
from tests.standins.tdx import TdxGuest


def run(device: Device, script: str) -> object:
    """Run a script in the stand-in; what it prints is JSON."""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=device.environment(),
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(ran.stdout)


def test_keys_behave_as_in_gramine(gramine_direct: GramineDevice) -> None:
    (gramine_direct.state / "keys/other").touch()
    probe = [sys.executable, probe_keys.__file__]
    environ = gramine_direct.environment()
    ran = subprocess.run(probe, env=environ, check=True, stdout=subprocess.PIPE)
    assert json.loads(ran.stdout) == probe_keys.EXPECTED
    assert gramine_direct.key("default") == b"c" * 16


def test_the_quote_is_made_when_it_is_opened(gramine: GramineDevice) -> None:
    script = """
import json, os
device = "/dev/attestation"
def write(data):
    descriptor = os.open(f"{device}/user_report_data", os.O_WRONLY)
    os.write(descriptor, data)
    os.close(descriptor)
write(b"A" * 64)
first = os.open(f"{device}/quote", os.O_RDONLY)
write(b"B" * 100)
second = os.open(f"{device}/quote", os.O_RDONLY)
write(b"C")
third = os.open(f"{device}/quote", os.O_RDONLY)
print(json.dumps([os.pread(quote, 9000, 0).hex() for quote in (first, second, third)]))
"""
    data = [b"A" * 64, b"B" * 64, b"C" + bytes(63)]
    assert run(gramine, script) == [unsigned_quote(value).hex() for value in data]
    assert gramine.provider.requests == data


def test_report_data_cannot_be_read_back(gramine: GramineDevice) -> None:
    script = """
import json, os
path = "/dev/attestation/user_report_data"
handle = os.open(path, os.O_RDWR)
os.write(handle, b"A" * 64)
print(json.dumps([os.pread(handle, 100, 0).hex(), open(path, "rb").read().hex()]))
"""
    assert run(gramine, script) == ["41" * 64, ""]


def test_sealing_keys_are_read_only(gramine: GramineDevice) -> None:
    script = """
import json, os
path = "/dev/attestation/keys/_sgx_mrsigner"
try:
    os.open(path, os.O_WRONLY)
except OSError as error:
    print(json.dumps([error.errno, open(path, "rb").read().decode()]))
"""
    assert run(gramine, script) == [13, "S" * 16]


def test_a_key_below_an_open_directory(gramine: GramineDevice) -> None:
    script = """
import json, os
keys = os.open("/dev/attestation/keys", os.O_RDONLY | os.O_DIRECTORY)
handle = os.open("db", os.O_WRONLY, dir_fd=keys)
try:
    os.write(handle, b"too short")
except OSError as error:
    print(json.dumps(error.errno))
os.write(handle, b"k" * 16)
"""
    assert run(gramine, script) == 13
    assert gramine.key("db") == b"k" * 16


def test_the_device_survives_execve(gramine: GramineDevice) -> None:
    script = """
import os, sys
os.write(os.open("/dev/attestation/keys/db", os.O_WRONLY), b"k" * 16)
after = '''
import json, os
print(json.dumps(open("/dev/attestation/keys/db").read() + os.uname().release))
'''
os.execv(sys.executable, [sys.executable, "-c", after])
"""
    assert run(gramine, script) == "k" * 16 + "3.10.0"


def test_other_files_are_left_alone(gramine: GramineDevice) -> None:
    path = gramine.state.with_name("plain")
    script = f"""
import json, os
descriptor = os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT, 0o640)
os.write(descriptor, b"text")
os.fsync(descriptor)
os.close(descriptor)
os.rename({str(path)!r}, {str(path)!r} + ".new")
print(json.dumps(os.stat({str(path)!r} + ".new").st_mode))
"""
    assert run(gramine, script) == 0o100640
    assert path.with_suffix(".new").read_text() == "text"


def test_occlum_refuses_other_ioctls(occlum: OcclumDevice) -> None:
    script = """
import fcntl, json, os
device = os.open("/dev/sgx", os.O_RDONLY)
answers = []
for request, argument in (0x8004730F, bytearray(4)), (0xC0187308, bytearray(24)):
    try:
        fcntl.ioctl(device, request, argument, True)
    except OSError as error:
        answers.append(error.strerror)
size = bytearray(4)
fcntl.ioctl(device, 0x80047307, size, True)
print(json.dumps([*answers, int.from_bytes(size, "little")]))
"""
    assert run(occlum, script) == [os.strerror(22), os.strerror(22), 8000]


CONFIGFS_SCRIPT = """
import errno, json, os
reports = "/sys/kernel/config/tsm/report"
entry = f"{reports}/mine"
def attempt(operation, *arguments):
    try:
        return operation(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
def content(name):
    descriptor = os.open(f"{entry}/{name}", os.O_RDONLY)
    try:
        return os.read(descriptor, 100).hex()
    finally:
        os.close(descriptor)
def text(name):
    return bytes.fromhex(content(name)).decode()
def request(data, while_open=lambda: None):
    descriptor = os.open(f"{entry}/inblob", os.O_WRONLY)
    try:
        return [os.write(descriptor, data), while_open()]
    finally:
        os.close(descriptor)
print(json.dumps({
    "no entry": attempt(content, "outblob"),
    "make one": attempt(os.mkdir, entry),
    "make it again": attempt(os.mkdir, entry),
    "make one in it": attempt(os.mkdir, f"{entry}/more"),
    "provider": text("provider"),
    "generation": text("generation"),
    "no request": attempt(content, "outblob"),
    "65 bytes": attempt(request, bytes(65)),
    "63 bytes": attempt(request, bytes(63)),
    "too short": attempt(content, "outblob"),
    "64 bytes, and before they are taken": request(bytes(64), lambda: text("generation")),
    "taken": text("generation"),
    "quote": attempt(content, "outblob")[:16],
    "the same quote": attempt(content, "outblob")[:16],
    "read the request": attempt(content, "inblob"),
    "write the quote": attempt(os.open, f"{entry}/outblob", os.O_WRONLY),
    "no such attribute": attempt(content, "privlevel"),
    "create a file": attempt(os.open, f"{entry}/file", os.O_WRONLY | os.O_CREAT),
    "unlink": attempt(os.unlink, f"{entry}/outblob"),
    "remove it": attempt(os.rmdir, entry),
    "remove it again": attempt(os.rmdir, entry),
}))
"""


def test_configfs_behaves_as_in_linux(tdx: TdxGuest) -> None:
    assert run(tdx, CONFIGFS_SCRIPT) == {
        "no entry": "ENOENT",
        "make one": None,
        "make it again": "EEXIST",
        "make one in it": "EPERM",
        "provider": "tdx_guest\n",
        "generation": "0\n",
        "no request": "EINVAL",
        "65 bytes": "EFBIG",
        "63 bytes": [63, None],
        "too short": "EINVAL",
        "64 bytes, and before they are taken": [64, "2\n"],
        "taken": "3\n",
        "quote": "0400020081000000",
        "the same quote": "0400020081000000",
        "read the request": "EACCES",
        "write the quote": "EACCES",
        "no such attribute": "ENOENT",
        "create a file": "EACCES",
        "unlink": "EPERM",
        "remove it": None,
        "remove it again": "ENOENT",
    }
    assert tdx.provider.requests == [bytes(64)]
