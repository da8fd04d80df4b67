//! Tolerant readings of what vendors send: one meaning, whatever JSON type it arrives as.
