"""What every report is written with: words that can only be read, in lines and columns that fit."""
