//! The MyIntranetApps vendor.
