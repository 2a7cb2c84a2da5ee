//! Reads a proof file: what one key signed, and what of it was lost.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use provenance_build::signing::PublicKey;

use super::armor::{self, Armored, Piece};
use super::review::{self, NoReview, Review, Unreadable};
use super::yaml::{self, Node};

/// Proofs of one reviewer in all files: the busiest of those who publish theirs has signed fewer than two thousand.
pub const PROOFS: usize = 10_000;

/// What one key signed in some files.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// Its reviews of packages.
    pub reviews: Vec<Review>,
    /// What may be a warning and cannot be read.
    pub unread: Vec<Unread>,
    /// What could not be read or was not signed by the key that it names.
    pub losses: Vec<Loss>,
    /// How many proofs were passed over: of others, or no reviews of packages.
    pub others: usize,
    // How many there were in the files so far, and what is no proof besides.
    pieces: usize,
}

/// What may be a warning and cannot be read: whatever it says, what it may be about is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The crate.
    pub krate: String,
    /// The version; every one where that could not be read either.
    pub version: Option<semver::Version>,
    /// Where it stands.
    pub place: String,
}

/// Something that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stands.
    pub place: String,
    /// Why: a printable lowercase fragment.
    pub what: String,
}

impl Proofs {
    /// Adds what `key` signed in a file called `name`; why the file cannot be used, if so.
    pub fn read(&mut self, bytes: &[u8], name: &str, key: &PublicKey) -> Result<(), String> {
        let pieces = armor::pieces(bytes);
        self.pieces = self.pieces.saturating_add(pieces.len());
        if self.pieces > PROOFS {
            return Err(format!("there are more than {PROOFS} proofs, up to those in `{name}`"));
        }
        for piece in pieces {
            match piece {
                Piece::Other(line) => self.lose(format!("{name}:{line}"), "what stands here is no proof"),
                Piece::Proof(proof) => self.proof(&proof, format!("{name}:{}", proof.line), key),
            }
        }
        Ok(())
    }

    fn proof(&mut self, proof: &Armored, place: String, key: &PublicKey) {
        let body = match str::from_utf8(&proof.body).map_err(|_| "it is not UTF-8".to_owned()) {
            Ok(text) => yaml::parse(text),
            Err(what) => Err(what),
        };
        let is_authentic = is_signed(proof, key);
        let body = match body {
            Ok(body) => body,
            // Nobody but the signature can say whose it is.
            Err(what) if is_authentic => {
                let krate = named(&String::from_utf8_lossy(&proof.body));
                return self.unreadable(Unreadable { what, krate, version: None, may_warn: true }, place);
            }
            Err(what) => return self.lose(place, &what),
        };
        match author(&body) {
            Some(id) if id == Base64UrlUnpadded::encode_string(key.as_bytes()) => {}
            None => return self.lose(place, "it does not say whose it is"),
            // By its own words of another: then crev would not take it for either's.
            Some(_) if is_authentic => return self.lose(place, "it is signed by another than it names"),
            Some(_) => {
                self.others += 1;
                return;
            }
        }
        let review = Review::read(&body, proof.kind.as_deref(), &place);
        match (is_authentic, review) {
            (_, Err(NoReview::OfAnotherKind)) => self.others += 1,
            (true, Ok(review)) => self.reviews.push(review),
            (true, Err(NoReview::Unreadable(unreadable))) => self.unreadable(unreadable, place),
            (false, review) => {
                let (krate, version) = match review {
                    Ok(review) => (Some(review.package.name), Some(review.package.version)),
                    Err(NoReview::Unreadable(it)) => (it.krate, it.version),
                    Err(NoReview::OfAnotherKind) => (None, None),
                };
                let what = match proof.is_whole {
                    true => "its signature is not of what it says",
                    false => "it is cut off",
                };
                let may_warn = review::may_warn(&body);
                self.unreadable(Unreadable { what: what.to_owned(), krate, version, may_warn }, place);
            }
        }
    }

    // What is lost and may be a warning bars what it may be about.
    fn unreadable(&mut self, it: Unreadable, place: String) {
        if let (Some(krate), true) = (it.krate, it.may_warn) {
            self.unread.push(Unread { krate, version: it.version, place: place.clone() });
        }
        self.lose(place, &it.what);
    }

    fn lose(&mut self, place: String, what: &str) {
        let what = what.chars().map(|c| if crate::model::is_harmful(c) { '\u{fffd}' } else { c }).collect();
        self.losses.push(Loss { place, what });
    }
}

fn is_signed(proof: &Armored, key: &PublicKey) -> bool {
    let mut signature = [0; 64];
    let text = str::from_utf8(&proof.signature).unwrap_or_default();
    let decoded = Base64UrlUnpadded::decode(text, &mut signature).map(<[u8]>::len);
    proof.is_whole && decoded == Ok(64) && key.verifies(&proof.body, &signature)
}

fn author(body: &Node) -> Option<&str> {
    let from = body.get("from")?;
    let is_crev = from.get("id-type").is_none_or(|kind| kind.text() == Some("crev"));
    from.get("id").and_then(Node::text).filter(|_| is_crev)
}

// The crate that a body names which is no YAML: by the first line of its `package` that says so.
fn named(body: &str) -> Option<String> {
    let mut lines = body.lines().skip_while(|line| line.trim_end() != "package:").skip(1);
    let name = lines.find_map(|line| line.trim_start().strip_prefix("name:"))?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!name.is_empty() && name.len() <= 64 && name.chars().all(is_plain)).then(|| name.to_owned())
}
