//! The SDK as a plugin's author sees it, on the host in memory.

mod extractors;
mod jobs;
mod primitives;
mod surface;
