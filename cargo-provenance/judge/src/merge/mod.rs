//! Heals a `Provenance.lock` that git merged line by line: with conflict markers, or cleanly but out of order.
//!
//! The result is the union of the two sides, for `pin` to go on from. Healing never raises trust: where the sides disagree
//! about the same bytes it keeps the weaker word, where they disagree about the bytes themselves it keeps neither pin, so that
//! the package is proven again. Acceptances of the same bytes are kept from both sides. Whatever is lost is told.

mod salvage;
mod sides;
mod union;

use std::path::Path;

use provenance_build::{Error, Manifest, limits};

use salvage::Pieces;

/// What healing made of a torn manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healed {
    /// The union of both sides; its pins have no lines, because they stand in no file yet.
    pub manifest: Manifest,
    /// What was lost and why, a sentence fragment each.
    pub dropped: Vec<String>,
}

const HELP: &str = "restore the file (`git checkout --merge -- Provenance.lock` brings the conflict back), then run \
                    `cargo provenance pin`";

/// Heals the text of a manifest; `file` is for messages only. A sound manifest comes back as it is.
///
/// Without conflict markers only what a clean merge can do is healed: blocks out of order, and a block that stands twice
/// word for word. The merge base of a `diff3` conflict is left out: nothing is pinned because it once was.
///
/// # Errors
///
/// Markers that do not belong together, a side that does not even have the head of a manifest or has an unknown format,
/// and, in a text without markers, every other fault that the strict reader names.
pub fn heal(text: &str, file: &Path) -> Result<Healed, Error> {
    if text.len() as u64 > limits::TEXT_BYTES {
        return Err(Error::invalid(file, 0, "it is larger than any manifest", HELP));
    }
    let (manifest, dropped) = match sides::split(text, file)? {
        Some(sides) => {
            let [ours, theirs] = sides.map(|side| Pieces::read(&side, file));
            union::unite(ours?, Some(theirs?))
        }
        None => match Manifest::parse(text.as_bytes(), file) {
            Ok(manifest) => (manifest, vec![]),
            Err(fault) => (reordered(text, file).ok_or(fault)?, vec![]),
        },
    };
    sound(manifest, dropped, file)
}

/// The manifest of a text whose blocks are all sound, but not in their places.
fn reordered(text: &str, file: &Path) -> Option<Manifest> {
    if !text.ends_with('\n') || text.ends_with("\n\n") || text.contains("\n\n\n") {
        return None;
    }
    let pieces = Pieces::salvage(&sides::whole(text), file).ok()?;
    let (manifest, dropped) = union::unite(pieces.clone(), None);
    let kept = pieces.torn.is_empty()
        && dropped.is_empty()
        && pieces.pins.iter().all(|pin| manifest.pin_for(&pin.id()) == Some(pin));
    kept.then_some(manifest)
}

/// What comes out is what the strict reader would read of it, or nothing.
fn sound(manifest: Manifest, dropped: Vec<String>, file: &Path) -> Result<Healed, Error> {
    let unsound = |fault: Error| {
        let what = match fault {
            Error::Invalid { what, .. } => what,
            other => other.to_string(),
        };
        Error::invalid(file, 0, format!("its sides cannot be united: {what}"), HELP)
    };
    let mut manifest = Manifest::parse(manifest.to_text().as_bytes(), file).map_err(unsound)?;
    for pin in &mut manifest.packages {
        pin.line = provenance_build::manifest::Line(0);
    }
    Ok(Healed { manifest, dropped })
}

#[cfg(test)]
mod tests;
