"""The app. The only package that knows Textual."""
