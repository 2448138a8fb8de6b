"""The application in other people's frameworks, each in a module that imports what it serves."""
