//! The chart with the real helm: what it renders, the life of a release, the rights that it gives, and what uninstalling loses.

mod demo;
mod helm;
mod installed;
mod lifecycle;
mod proxy;
mod render;
mod rights;
mod uninstall_check;
