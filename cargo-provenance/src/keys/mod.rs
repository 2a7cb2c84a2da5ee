//! Keys that sign: files in OpenSSH's format, and keys that an ssh-agent holds.
//!
//! A secret never leaves this layer but in the form of a file or an export that somebody asked for, and is never part of an
//! error or a report.

mod agent;
mod pem;
mod secret;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use provenance_build::signing::sshsig::{self, Hash};
use provenance_build::signing::{NAMESPACE, PublicKey};

pub use self::agent::Agent;
pub use self::pem::{pkcs8, spki};
pub use self::secret::{KeyFile, Protection, SecretKey};

use crate::report::failure::{Explain, Kind};

/// Bytes of a passphrase file: more than anybody remembers or a generator writes.
const PASSPHRASE_BYTES: u64 = 4_096;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// An agent did what agents do not do, or refused.
    #[error("the ssh-agent {what}")]
    Agent {
        /// What it did.
        what: String,
        /// The operating system's answer, where it was asked.
        source: Option<io::Error>,
    },
    /// A key file is none that can be used.
    #[error("`{}` {what}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A file could not be read.
    #[error("could not read `{}`", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// No passphrase was to be had.
    #[error("no passphrase for `{}`", file.display())]
    NoPassphrase {
        /// The key file.
        file: PathBuf,
        /// Why it could not be asked for.
        source: Option<io::Error>,
    },
    /// A new key file could not be made.
    #[error("could not write a key in OpenSSH's format")]
    Unwritable(#[source] ssh_key::Error),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

impl Explain for KeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Agent { .. } | Self::Io { .. } | Self::Random(_) | Self::Unwritable(_) => Kind::Undecided,
            Self::File { .. } | Self::NoPassphrase { .. } => Kind::Usage,
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::Agent { .. } => {
                vec!["see whether `ssh-add -L` works, or name a key file with `--key`".to_owned()]
            }
            Self::File { help, .. } => vec![help.clone()],
            Self::NoPassphrase { .. } => {
                vec![
                    "run the command on a terminal, or name a file that holds it with `--passphrase-file`"
                        .to_owned(),
                ]
            }
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                vec!["correct the path, or make a key with `cargo provenance keygen`".to_owned()]
            }
            Self::Io { .. } | Self::Random(_) | Self::Unwritable(_) => vec![],
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::File { file, .. } | Self::Io { file, .. } => Some((file.clone(), 0)),
            _ => None,
        }
    }
}

/// Where the passphrase of a key file comes from. Never from the command line, which every user of the machine can see.
#[derive(Clone, Copy)]
pub enum Passphrase<'a> {
    /// From the terminal: prints the prompt and reads without an echo.
    Ask(&'a dyn Fn(&str) -> io::Result<String>),
    /// From the first line of a file.
    File(&'a Path),
    /// From nowhere: a key that needs one is not at hand.
    Never,
}

impl Passphrase<'_> {
    /// The passphrase of the key in `file`.
    pub(super) fn get(self, file: &Path) -> Result<String, KeyError> {
        let none = |source| KeyError::NoPassphrase { file: file.to_owned(), source };
        let passphrase = match self {
            Self::Ask(ask) => {
                ask(&format!("Passphrase of {}: ", file.display())).map_err(|fault| none(Some(fault)))?
            }
            Self::File(path) => first_line(path)?,
            Self::Never => return Err(none(None)),
        };
        if passphrase.is_empty() { Err(none(None)) } else { Ok(passphrase) }
    }

    /// A new passphrase, asked for twice.
    pub fn choose(self, file: &Path) -> Result<String, KeyError> {
        let first = self.get(file)?;
        if let Self::Ask(ask) = self {
            let fault = |source| KeyError::NoPassphrase { file: file.to_owned(), source };
            if ask("The same again: ").map_err(|error| fault(Some(error)))? != first {
                return Err(fault(Some(io::Error::other("the two passphrases differ"))));
            }
        }
        Ok(first)
    }
}

/// A key that can sign, and from where.
pub enum Signer {
    /// A key that an agent holds.
    Agent(Agent, PublicKey),
    /// A key from a file.
    File(SecretKey),
}

impl Signer {
    /// Its public half.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Agent(_, key) => *key,
            Self::File(key) => key.public(),
        }
    }

    /// The armored signature of a manifest's bytes.
    pub fn sign(&mut self, manifest: &[u8]) -> Result<String, KeyError> {
        self.sign_for(NAMESPACE, manifest)
    }

    /// The armored signature of a text for a namespace, outside of which it says nothing.
    pub fn sign_for(&mut self, namespace: &str, text: &[u8]) -> Result<String, KeyError> {
        let signature = self.sign_bytes(&sshsig::signed_data(namespace, Hash::Sha512, text))?;
        Ok(sshsig::armor(&self.public(), namespace, &signature))
    }

    /// The bare signature of some bytes, which must say themselves what they are: what is signed for one thing must not be good
    /// for another.
    pub fn sign_bytes(&mut self, data: &[u8]) -> Result<[u8; 64], KeyError> {
        let signature = match self {
            Self::Agent(agent, key) => agent.sign(key, data)?,
            Self::File(key) => key.sign(data),
        };
        // An agent is another program, whose answer is not taken on trust.
        match self.public().verifies(data, &signature) {
            true => Ok(signature),
            false => {
                Err(KeyError::Agent { what: "made a signature that does not hold".to_owned(), source: None })
            }
        }
    }
}

fn first_line(file: &Path) -> Result<String, KeyError> {
    let failed = |source| KeyError::Io { file: file.to_owned(), source };
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(failed)?;
    opened.take(PASSPHRASE_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
