"""One module a family of methods; each registers its functions, and no list of them is kept."""
