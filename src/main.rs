//! The Kalends server.
fn main() {}
