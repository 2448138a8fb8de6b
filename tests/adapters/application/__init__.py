"""The application, part by part."""
