//! The simulator of the REST APIs of Adeptia Connect.
