"""MSAL's application on the core: its arguments, its methods, its dictionaries."""
