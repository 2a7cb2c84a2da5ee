//! What a bill does not know, counted: it stands in the document and is shown.

use crate::report::plural;
use crate::sbom::{Bill, Component, License, Target};

/// Writes into the bill what it does not know.
pub(super) fn state(bill: &mut Bill) {
    let mut lines = vec![];
    let mut add = |count: usize, what: &str, why: &str| {
        if count > 0 {
            lines.push(format!("{what} of {}{why}", plural(count, "component")));
        }
    };
    let count =
        |is_unknown: fn(&Component) -> bool| bill.components.iter().filter(|it| is_unknown(it)).count();
    add(count(|it| it.digests.sha256.is_none()), "the SHA-256", " that no registry has an archive of");
    add(
        count(|it| it.digests.sha256.is_some() && it.digests.sha512.is_none()),
        "the SHA-512",
        " whose archive is not at hand",
    );
    add(count(|it| matches!(it.license, License::Unknown)), "the license", "");
    add(
        count(|it| matches!(it.license, License::File(_))),
        "the license",
        " whose manifest names only a file",
    );
    add(
        count(|it| matches!(it.license, License::Other(_))),
        "the license",
        " whose manifest has no SPDX expression",
    );
    add(count(|it| it.authors.is_empty()), "the makers", "");
    add(count(|it| it.needs.is_none()), "the dependencies", "");
    add(count(|it| it.opaque), "the native libraries", " with a build script that links some");
    lines.push("the standard library that is compiled in".to_owned());
    if bill.subject.file.is_none() {
        lines.push("the digests of what is delivered: name the files with `--artifact`".to_owned());
    }
    if bill.target == Target::Unknown {
        lines.push("the platform".to_owned());
    }
    if bill.author.is_none() {
        lines.push(
            "who answers for this document: name them with `--author`, or as `author` in `[sbom]` of `Provenance.toml`"
                .to_owned(),
        );
    }
    bill.unknowns.extend(lines);
}
