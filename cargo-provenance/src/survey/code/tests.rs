//! Packages whose code does something, and packages whose code only looks like it.
