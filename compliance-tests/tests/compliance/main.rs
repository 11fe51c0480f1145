//! The compliance tests.
