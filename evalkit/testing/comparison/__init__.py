"""Methods of others, which no gate uses: they are here to be compared with those that are."""
