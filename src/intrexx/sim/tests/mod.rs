//! The simulator over real HTTP, through a plain HTTP client and never through ours.
