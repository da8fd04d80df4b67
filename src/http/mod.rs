//! Talking HTTP to a vendor.
