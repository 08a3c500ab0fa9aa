"""Entry point of the `forecast` command."""


def main() -> None:
    """Run the command: beside the package in a checkout, inside it when installed."""
    try:
        from forecaster.cli import app
    except ModuleNotFoundError as error:
        if error.name != "forecaster.cli":
            raise
        from cli import app
    app()


if __name__ == "__main__":
    main()
