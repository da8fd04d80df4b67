//! The simulator of the Administrative API of opentaps CRM-2.
