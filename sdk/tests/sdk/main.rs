//! The SDK as a plugin's author sees it, on the host in memory.

mod extractors;
mod forward;
mod gateway;
mod jobs;
mod payments;
mod primitives;
mod refunds;
mod resumed;
mod surface;
mod till;
