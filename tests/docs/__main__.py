"""Writes the pages of docs/ that are made from the code: `make docs`."""

from tests.docs.pages import DOCS, PAGES


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(page())


if __name__ == "__main__":
    main()
