"""The wheel, alone in an empty environment, does what a checkout does."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import multibot
from multibot.cli.main import COMMANDS

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that nothing the developer has lying around gets in or is touched."""
    source = tmp_path_factory.mktemp("source")
    for name in ("multibot", "bots", "migrations"):
        ignored = shutil.ignore_patterns("__pycache__", "shipped")
        shutil.copytree(REPOSITORY / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".env.example", ".gitignore"):
        shutil.copy(REPOSITORY / name, source)
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(source)], check=True, capture_output=True, timeout=SECONDS)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into an empty environment; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("venv") / "venv"
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--no-index"]
    subprocess.run(
        [*pip, "--no-deps", "--quiet", str(wheel)],
        check=True,
        timeout=SECONDS,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    site = next((folder / "lib").glob("python*")) / "site-packages"
    # Last on the path; its own .pth files, and so the editable install, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(environment: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment / "bin" / "multibot"), *arguments],
        cwd=cwd,
        env={
            "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
            "HOME": str(cwd),
            "DISCORD_TOKEN_SAGE": "sandbox-token-one",
            "DISCORD_TOKEN_SPARK": "sandbox-token-two",
            "DISCORD_TOKEN_LOGIC": "sandbox-token-three",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.fixture
def fleet(environment: Path, tmp_path: Path) -> Path:
    made = run(environment, "init", "fleet", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path / "fleet"


@pytest.mark.parametrize(
    "name",
    [
        "multibot/shipped/bots/multi_bot.yaml",
        "multibot/shipped/.env.example",
        "multibot/sandbox/page/index.html",
        "multibot/cli/pages/history.css",
        "multibot/cli/pages/history.js",
        "multibot/py.typed",
        *sorted(
            f"multibot/shipped/{path.relative_to(REPOSITORY)}"
            for path in (REPOSITORY / "migrations").glob("*.sql")
        ),
        *sorted(
            str(path.relative_to(REPOSITORY))
            for path in (REPOSITORY / "multibot" / "store").rglob("*.sql")
        ),
    ],
)
def test_the_wheel_carries_every_kind_of_file(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    metadata = f"multibot-{multibot.__version__}.dist-info"

    assert {name.split("/")[0] for name in names} == {"multibot", metadata}
    assert not any("__pycache__" in name for name in names)


def test_it_says_its_version(environment: Path, tmp_path: Path) -> None:
    result = run(environment, "--version", cwd=tmp_path)

    assert (result.returncode, multibot.__version__ in result.stdout) == (0, True), result.stderr


def test_it_is_the_installed_package_that_runs(environment: Path, tmp_path: Path) -> None:
    """Otherwise all of this would only test the checkout again."""
    where = subprocess.run(
        [str(environment / "bin" / "python"), "-c", "import multibot; print(multibot.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert where.stdout.startswith(str(environment))


def test_init_makes_a_home_that_check_accepts(environment: Path, fleet: Path) -> None:
    result = run(environment, "check", cwd=fleet)

    assert result.returncode == 0, result.stdout + result.stderr


def test_a_new_home_without_tokens_is_refused_with_their_names(
    environment: Path, fleet: Path
) -> None:
    result = subprocess.run(
        [str(environment / "bin" / "multibot"), "check"],
        cwd=fleet,
        env={"PATH": str(environment / "bin"), "HOME": str(fleet)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert result.returncode == 78
    assert "DISCORD_TOKEN_SAGE" in result.stdout + result.stderr


def test_render_writes_the_configuration_of_three_bots(environment: Path, fleet: Path) -> None:
    result = run(environment, "render", cwd=fleet)

    assert result.returncode == 0, result.stderr
    text = (fleet / "supervisord.conf").read_text()
    assert all(f"[program:{bot}]" in text for bot in ("sage", "spark", "logic"))
    assert "sandbox-token" not in text


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_there(environment: Path, tmp_path: Path, command: str) -> None:
    result = run(environment, command, "--help", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert "Usage: multibot" in result.stdout
