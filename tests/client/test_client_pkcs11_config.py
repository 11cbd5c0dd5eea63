"""The file that says which token: as MarbleRun's command takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ringtaw_client import InputError
from ringtaw_client.pkcs11 import TokenConfig


def written(folder: Path, text: str) -> Path:
    path = folder / "pkcs11.json"
    path.write_text(text)
    return path


def test_all_members(tmp_path: Path) -> None:
    """The members of crypto11's Config; those that size its pool are passed over."""
    path = written(
        tmp_path,
        '{"Path": "/m.so", "TokenSerial": "", "TokenLabel": "t", "SlotNumber": null,'
        ' "Pin": "1234", "MaxSessions": 10, "PoolWaitTimeout": 0, "LoginNotSupported": false,'
        ' "UseGCMIVFromHSM": false, "GCMIVLength": 0, "UserType": 1}',
    )
    config = TokenConfig.from_file(path)
    assert config == TokenConfig(path, Path("/m.so"), label="t", pin="1234")
    assert "1234" not in repr(config)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ('{"path": "/m.so", "tokenlabel": "t"}', "the token labelled 't'"),
        ('{"PATH": "/m.so", "TOKENSERIAL": "0a"}', "the token '0a'"),
        ('{"Path": "/m.so", "SlotNumber": 0}', "the token in slot 0"),
    ],
)
def test_letter_case_does_not_matter_and_one_choice_is_enough(
    tmp_path: Path, text: str, token: str
) -> None:
    config = TokenConfig.from_file(written(tmp_path, text))
    assert (config.token, config.pin, config.login) == (token, None, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not a JSON object"),
        ('{"Pin": "geheim" # mine\n}', "not JSON"),
        ('{"Path": "/m.so", "Pin": "geheim"}', "exactly one of TokenLabel, TokenSerial, SlotNumb"),
        ('{"Path": "/m.so", "TokenLabel": "t", "SlotNumber": 1}', "exactly one of"),
        ('{"Path": "/m.so", "TokenLabel": 7}', "TokenLabel is missing or of another type"),
        ('{"Path": "/m.so", "SlotNumber": -1}', "SlotNumber is not an integer from 0"),
        ('{"Path": "/m.so", "TokenLabel": "t", "Pin": 4711}', "Pin is missing or of another type"),
        ('{"TokenLabel": "t"}', "Path is missing or of another type"),
        ('{"Path": "/m.so", "TokenLabel": "t", "LoginNotSupported": "no"}', "LoginNotSupported"),
    ],
)
def test_what_is_wrong_is_said_without_the_pin(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        TokenConfig.from_file(path)
    assert str(path) in str(caught.value)
    assert "for example: {" in caught.value.hint
    assert not any(pin in str(caught.value) for pin in ("geheim", "4711"))


@pytest.mark.parametrize(
    ("pin", "mode", "is_exposed"),
    [('"1"', 0o600, False), ('"1"', 0o640, True), ('"1"', 0o604, True), ("null", 0o644, False)],
)
def test_a_pin_that_others_can_read_shows(
    tmp_path: Path, pin: str, mode: int, is_exposed: bool
) -> None:
    path = written(tmp_path, f'{{"Path": "/m.so", "TokenLabel": "t", "Pin": {pin}}}')
    path.chmod(mode)
    assert TokenConfig.from_file(path).exposes_pin is is_exposed
