//! Whether somebody who may do so stands behind a commit or a tag.

use provenance_build::Moment;

use super::{Answer, Key, NAMESPACE, Signature, Signers, Standing};
use crate::model::OpenPgpKey;

/// What is signed, by whom it says it is, and the signature.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The text of the signature.
    pub signature: Option<&'a str>,
    /// The bytes under it.
    pub payload: &'a [u8],
    /// The committer's or tagger's address.
    pub email: &'a str,
}

/// Whose signatures count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// The SSH keys.
    pub signers: Signers,
    /// The OpenPGP keys.
    pub openpgp: Vec<OpenPgpKey>,
}

impl Trusted {
    /// Whether a key is listed at all, for whomever.
    pub fn knows(&self, by: &By) -> bool {
        match by {
            By::OpenPgp(fingerprint) => self.openpgp.iter().any(|key| key.fingerprint == *fingerprint),
            By::Ssh(key) => self.signers.keys().contains(key),
        }
    }

    /// Whether a key counts for somebody.
    pub fn counts(&self, by: &By, email: &str, when: When) -> bool {
        match by {
            By::OpenPgp(fingerprint) => {
                self.openpgp.iter().any(|key| key.fingerprint == *fingerprint && key.email == email)
            }
            By::Ssh(key) => {
                matches!(self.signers.standing(key, email, when.at, when.end), Standing::Counts(_))
            }
        }
    }
}

/// The times that a key is judged by; neither is what the signature says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// When it was made, as far as that is believed: never before what it builds on.
    pub at: Moment,
    /// When the key must still have been valid.
    pub end: Moment,
}

/// A signature for another program to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// For gpg.
    OpenPgp,
    /// For OpenSSH, which is to accept this key and no other.
    Ssh(&'a Key),
}

/// The key that stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// An OpenPGP key of this fingerprint.
    OpenPgp(String),
    /// An SSH key.
    Ssh(Key),
}

/// Why nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The signature does not hold, and why.
    Bad(String),
    /// The key is not valid any more, or not yet, and why.
    Expired(String),
    /// The key is somebody else's: its fingerprint, and whose.
    NotCommitter(String, String),
    /// It cannot be said, and why.
    Undecided(String),
    /// The key is not listed.
    Unknown(String),
    /// There is no signature.
    Unsigned,
}

/// Who stands behind it, or why nobody does.
pub type Ruling = Result<By, Fault>;

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OpenPgp(fingerprint) => write!(f, "OpenPGP {fingerprint}"),
            Self::Ssh(key) => key.fmt(f),
        }
    }
}

/// Judges by everybody who is `trusted`: a signature must count for each of them, since what is merged was vouched for on each side.
/// `ask` lets another program look at what is not judged here.
pub fn judge(
    signed: Signed<'_>,
    trusted: &[&Trusted],
    when: When,
    ask: &dyn Fn(Asked<'_>) -> Result<Answer, String>,
) -> Ruling {
    let text = signed.signature.ok_or(Fault::Unsigned)?;
    let bad = |why: &str| Fault::Bad(why.to_owned());
    match Signature::read(text).map_err(bad)? {
        Signature::OpenPgp => openpgp(signed.email, trusted, ask(Asked::OpenPgp).map_err(Fault::Undecided)?),
        Signature::Ssh(signature) => {
            if signature.namespace != NAMESPACE {
                return Err(bad("it was made for another namespace than `git`"));
            }
            let mine = signature.holds(signed.payload);
            if mine == Some(false) {
                return Err(bad("it does not belong to these bytes"));
            }
            let key = &signature.key;
            let standings =
                trusted.iter().map(|it| it.signers.standing(key, signed.email, when.at, when.end));
            match standings.min().unwrap_or(Standing::Unknown) {
                Standing::Counts(_) => {}
                Standing::Unknown => return Err(Fault::Unknown(key.to_string())),
                Standing::NotTheirs(whose) => return Err(Fault::NotCommitter(key.to_string(), whose)),
                Standing::Elsewhere => return Err(bad("its key is listed for other namespaces than `git`")),
                Standing::Expired => {
                    return Err(Fault::Expired(format!("{key} is over (`valid-before`)")));
                }
                Standing::Early => {
                    return Err(Fault::Expired(format!("{key} was not valid yet (`valid-after`)")));
                }
            }
            if mine.is_none() {
                match ask(Asked::Ssh(key)).map_err(Fault::Undecided)? {
                    Answer::Good(_) => {}
                    _ => return Err(bad("OpenSSH does not accept it")),
                }
            }
            Ok(By::Ssh(signature.key))
        }
    }
}

fn openpgp(email: &str, trusted: &[&Trusted], answer: Answer) -> Ruling {
    let fingerprints = match answer {
        Answer::Bad(why) => return Err(Fault::Bad(why.to_owned())),
        Answer::Expired(why) => return Err(Fault::Expired(why.to_owned())),
        Answer::Good(fingerprints) => fingerprints,
        Answer::NoKey(Some(key)) if !trusted.iter().any(|it| it.knows(&By::OpenPgp(key.clone()))) => {
            return Err(Fault::Unknown(format!("OpenPGP {key}")));
        }
        Answer::NoKey(key) => {
            let key = key.map(|key| format!(" `{key}`")).unwrap_or_default();
            return Err(Fault::Undecided(format!("gpg does not have the key{key}")));
        }
    };
    let unknown = || Fault::Unknown(format!("OpenPGP {}", fingerprints.last().map_or("", String::as_str)));
    let mut by = None;
    for it in trusted {
        let listed = it.openpgp.iter().filter(|key| fingerprints.contains(&key.fingerprint));
        let first = listed.clone().next().ok_or_else(unknown)?;
        let own = listed.clone().find(|key| key.email == email);
        let own = own.ok_or_else(|| Fault::NotCommitter(first.fingerprint.clone(), first.email.clone()))?;
        by = Some(By::OpenPgp(own.fingerprint.clone()));
    }
    by.ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "968479A1AFF927E37D1A566BB5690EEEBB952194";
    const PGP: &str = "-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----";

    fn rule(email: &str, trusted: &[&Trusted], answer: Answer) -> Ruling {
        let signed = Signed { signature: Some(PGP), payload: b"", email };
        let when = When { at: Moment(1), end: Moment(1) };
        judge(signed, trusted, when, &|asked| {
            assert_eq!(asked, Asked::OpenPgp);
            Ok(answer.clone())
        })
    }

    #[test]
    fn an_openpgp_key_counts_for_its_own_address_and_on_every_side() {
        let key = OpenPgpKey::parse(&format!("a@x {FINGERPRINT}")).expect("a key");
        let trusted = Trusted { openpgp: vec![key], ..Trusted::default() };
        let nobody = Trusted::default();
        let good = || Answer::Good(vec![FINGERPRINT.to_owned()]);
        let other = || Answer::Good(vec!["A".repeat(40)]);
        assert_eq!(rule("a@x", &[&trusted], good()), Ok(By::OpenPgp(FINGERPRINT.to_owned())));
        assert!(matches!(rule("b@x", &[&trusted], good()), Err(Fault::NotCommitter(..))));
        assert!(matches!(rule("a@x", &[&trusted], other()), Err(Fault::Unknown(_))));
        assert!(matches!(rule("a@x", &[&trusted, &nobody], good()), Err(Fault::Unknown(_))));
        assert!(matches!(rule("a@x", &[], good()), Err(Fault::Unknown(_))));
        assert!(matches!(rule("a@x", &[&trusted], Answer::Expired("x")), Err(Fault::Expired(_))));
        // A key that nobody has is another matter when the team lists it.
        let missing = |key: &str| Answer::NoKey(Some(key.to_owned()));
        assert!(matches!(rule("a@x", &[&trusted], missing(FINGERPRINT)), Err(Fault::Undecided(_))));
        assert!(matches!(rule("a@x", &[&trusted], missing(&"A".repeat(40))), Err(Fault::Unknown(_))));
        assert!(matches!(rule("a@x", &[&trusted], Answer::NoKey(None)), Err(Fault::Undecided(_))));
    }
}
