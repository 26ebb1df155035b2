"""What people say beside what a scorer says: terminal and JSON."""
