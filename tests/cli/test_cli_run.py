"""``ringtaw ADAPTER run``, with a third party's adapter and a script that plays the libOS."""

from __future__ import annotations

from ringtaw_cli.exits import ExitCode

from tests.cli.installed import Workplace

PRINT = """\
#!/bin/sh
echo "arguments: $*"
echo "$EDG_MARBLE_TYPE $EDG_MARBLE_COORDINATOR_ADDR $EDG_MARBLE_UUID_FILE $EDG_MARBLE_DNS_NAMES"
echo "$EXTRA $INHERITED"
cat
echo complaint >&2
exit 42
"""


def test_arguments_environment_streams_and_exit_code_pass(kiosk: Workplace) -> None:
    kiosk.program("kiosk-run", PRINT)
    kiosk.environment["INHERITED"] = "inherited"
    done = kiosk.run(
        *("kiosk", "run", "--direct", "--marble-type", "front", "--coordinator", "host:2001"),
        *("--uuid-file", "uuid", "--dns-names", "a,b", "--env", "EXTRA=x=y"),
        *("--", "app", "--env", "--help"),
        stdin="typed\n",
    )
    assert done.stdout == (
        "arguments: --direct app --env --help\nfront host:2001 uuid a,b\nx=y inherited\ntyped\n"
    )
    assert (done.stderr, done.returncode) == ("complaint\n", 42)


def test_without_options_the_persons_environment_is_the_libos_one(kiosk: Workplace) -> None:
    kiosk.program("kiosk-run", PRINT)
    kiosk.environment["EDG_MARBLE_TYPE"] = "mine"
    done = kiosk.run("kiosk", "run", "app", "--flag")
    assert done.stdout.startswith("arguments: app --flag\nmine   \n")


def test_a_libos_that_is_not_installed_says_how_to_install_it(kiosk: Workplace) -> None:
    done = kiosk.run("kiosk", "run")
    assert done.returncode == ExitCode.PROGRAM_NOT_FOUND
    assert done.stderr == "error: kiosk-run: is not installed\n  install the package kiosk-tools\n"


def test_a_libos_that_is_not_executable_is_told_apart(kiosk: Workplace) -> None:
    kiosk.program("kiosk-run", PRINT).chmod(0o644)
    done = kiosk.run("kiosk", "run")
    assert done.returncode == ExitCode.CANNOT_EXECUTE
    assert "is not executable\n  chmod +x " in done.stderr


def test_a_value_on_the_command_line_is_never_repeated(kiosk: Workplace) -> None:
    done = kiosk.run("kiosk", "run", "--env", "hidden-without-equals-sign")
    assert done.returncode == ExitCode.USAGE
    assert "hidden" not in done.stderr


def test_hooks_are_traced_on_request_without_secrets(kiosk: Workplace) -> None:
    kiosk.program("kiosk-run", "#!/bin/sh\n")
    arguments = ["kiosk", "run", "--env", "TOKEN=hidden", "--", "app"]
    traced = kiosk.run("--trace-hooks", *arguments)
    assert (
        "hook adapter(kiosk): host_command(request=RunRequest("
        "arguments=['app'], environ=<hidden>, direct=False))\n"
    ) in traced.stderr
    assert "host_command returned HostCommand(argv=['kiosk-run', 'app']" in traced.stderr
    assert "hidden" not in traced.stderr.replace("<hidden>", "")
    kiosk.environment["RINGTAW_TRACE_HOOKS"] = "1"
    assert "hook adapter(kiosk)" in kiosk.run(*arguments).stderr
    kiosk.environment["RINGTAW_TRACE_HOOKS"] = "0"
    assert kiosk.run(*arguments).stderr == ""
