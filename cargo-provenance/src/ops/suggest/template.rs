//! A list for `certify --batch` that somebody fills in: every entry is commented out until they have done the review.

use std::fmt::Write as _;

use crate::report::reviews::MissingReview;

/// The list.
pub(super) fn text(reviews: &[MissingReview]) -> String {
    let mut text = "# Reviews that are missing, the cheapest first. Remove the `#` before the lines of those that you did, then run\n\
                    # `cargo provenance certify --batch FILE`.\n"
        .to_owned();
    for review in reviews {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n# {}: {}", review.what(), review.effort());
        for hint in &review.hints {
            let _ = writeln!(text, "# {hint}");
        }
        let [shows, _] = &review.commands;
        let _ = writeln!(text, "# {shows}\n#[[review]]\n#crate = \"{}\"", review.krate);
        match &review.from {
            Some(from) => {
                let _ = writeln!(text, "#from = \"{from}\"\n#to = \"{}\"", review.to);
            }
            None => {
                let _ = writeln!(text, "#version = \"{}\"", review.to);
            }
        }
        let criteria = review.criteria.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "#criteria = [{criteria}]\n#notes = \"\"");
    }
    text
}
