"""What the documents say is tried: every snippet runs, every link leads somewhere."""
