//! The guide, whose commands are run as they stand.

use std::path::Path;

use crate::files;

/// What a page of the guide has its readers type, without `cargo provenance`, in order.
pub fn guide(page: &str) -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cargo-provenance/docs/guide");
    let page = files::read(&docs.join(format!("{page}.md")));
    let commands = page.lines().filter_map(|line| line.strip_prefix("$ cargo provenance "));
    commands.map(str::to_owned).collect()
}
