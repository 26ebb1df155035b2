"""What plug-in authors run against their own plug-ins: the checks evalkit runs on its own."""
