//! What real clients send, and what breaks them. Named after the check ids of the collection of client behaviour: D discovery,
//! P properties, S synchronisation and reading, W writing, T tolerance, I scheduling, X extras.

mod discovery;
mod reading;
mod tolerance;
mod writing;
