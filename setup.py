"""Metadata of the distribution; build system and tool settings are in ``pyproject.toml``."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="clace",
    version="0.1.0",
    description="A self-hosted application server for a team's internal web apps",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["clace", "clace.*"]), "twisted.plugins"],
    package_data={
        "clace": ["py.typed"],
        "clace.assets": ["*.css", "*.ico", "*.js"],
        "clace.config": ["clace.toml"],
        "clace.runtime": ["assets/*"],
        "twisted.plugins": ["clace_plugin.py"],
    },
    install_requires=[
        "alembic>=1.13",
        "attrs>=23.2",
        "bcrypt>=4.1",
        "backports.zstd>=1.0; python_version < '3.14'",
        "brotli>=1.1",
        "click>=8.2",
        "cryptography>=43",
        "google-re2>=1.1",
        "greenlet>=3.1",
        "httptools>=0.6",
        "javaproperties>=0.8",
        "klein>=24.8",
        "msgspec>=0.19",
        "multipart>=2.0",
        "pyopenssl>=25.1",
        "service-identity>=24.1",
        "sqlalchemy>=2.0.30",
        "toml>=0.10.2",
        "tomlkit>=0.12",
        "twisted[tls]>=25.5",
        "wcmatch>=8.5",
        "werkzeug>=3",
        "zope-interface>=6",
    ],
    extras_require={
        "vault": ["hvac>=2.3"],
        "aws": ["boto3>=1.34"],
        "dev": [
            "boto3>=1.34",
            "hvac>=2.3",
            "hypothesis>=6.100",
            "mypy>=1.10",
            "mypy-zope>=1.0.5",
            "psycopg[binary]>=3.2",
            "ruff>=0.6",
            "selenium>=4.20",
            "treq>=24.9",
            "types-toml>=0.10",
        ],
        "postgres": ["psycopg[binary]>=3.2"],
        "docs": ["furo>=2024.8", "myst-parser>=4", "sphinx>=8"],
        "benchmarks": [
            "flask>=3",
            "gunicorn>=22",
            "jinja2>=3.1",
            "minijinja>=2",
            "starlette>=0.40",
            "uvicorn[standard]>=0.30",
        ],
    },
    entry_points={"console_scripts": ["clace = clace.cli.program:main"]},
    zip_safe=False,
)
