"""Where things lie on an axis: a row of the plot, a histogram, an operating curve, a line of characters."""
