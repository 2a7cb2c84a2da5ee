//! The lines around a proof: where it begins, where its signature is, where it ends.
//!
//! Proofs follow each other in a file. The lines are those of crev since 2020, `----- BEGIN CREV PROOF -----`, and the ones before
//! that, which say what kind of proof it is. crev reads a file line by line and puts the body together from lines that end in a
//! line feed, so that a checkout with other line ends verifies as well; so does this.

const NEW: [&[u8]; 3] =
    [b"----- BEGIN CREV PROOF -----", b"----- SIGN CREV PROOF -----", b"----- END CREV PROOF -----"];

/// A proof as it lies in a file.
#[derive(Debug)]
pub(super) struct Armored {
    /// The line where it begins, counted from 1.
    pub(super) line: u32,
    /// What the lines around it say that it is. They are not signed.
    pub(super) kind: Option<String>,
    /// What is signed.
    pub(super) body: Vec<u8>,
    /// The signature as text.
    pub(super) signature: Vec<u8>,
    /// Whether the last line is there.
    pub(super) is_whole: bool,
}

/// What there is between two lines of a file.
#[derive(Debug)]
pub(super) enum Piece {
    Proof(Armored),
    /// Something else, from this line on.
    Other(u32),
}

/// The pieces of a file, in its order.
pub(super) fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut open: Option<(Armored, Stage)> = None;
    let mut is_other = false;
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1_u32..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mark = Mark::of(line);
        if let Some(Mark::Begin(kind)) = mark {
            // One that is not over when the next begins was cut off.
            pieces.extend(open.take().map(|(proof, _)| Piece::Proof(proof)));
            let proof = Armored { line: number, kind, body: vec![], signature: vec![], is_whole: false };
            (open, is_other) = (Some((proof, Stage::Body)), false);
            continue;
        }
        let Some((proof, stage)) = &mut open else {
            if !line.trim_ascii().is_empty() && !std::mem::replace(&mut is_other, true) {
                pieces.push(Piece::Other(number));
            }
            continue;
        };
        match (&*stage, mark) {
            (Stage::Body, Some(Mark::Sign(kind))) if kind == proof.kind => *stage = Stage::Signature,
            (Stage::Signature, Some(Mark::End(kind))) if kind == proof.kind => {
                proof.is_whole = true;
                pieces.extend(open.take().map(|(proof, _)| Piece::Proof(proof)));
            }
            (Stage::Body, _) => {
                proof.body.extend_from_slice(line);
                proof.body.push(b'\n');
            }
            (Stage::Signature, _) => proof.signature.extend_from_slice(line.trim_ascii()),
        }
    }
    pieces.extend(open.map(|(proof, _)| Piece::Proof(proof)));
    pieces
}

enum Stage {
    Body,
    Signature,
}

enum Mark {
    Begin(Option<String>),
    Sign(Option<String>),
    End(Option<String>),
}

impl Mark {
    // What stands further to the right belongs to a text in the body.
    fn of(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii_end();
        match NEW.iter().position(|mark| *mark == line) {
            Some(0) => return Some(Self::Begin(None)),
            Some(1) => return Some(Self::Sign(None)),
            Some(_) => return Some(Self::End(None)),
            None => {}
        }
        let inner = line.strip_prefix(b"-----")?.strip_suffix(b"-----")?;
        let kind = |rest: &[u8]| Some(Some(str::from_utf8(rest).ok()?.to_lowercase()));
        if let Some(rest) = inner.strip_prefix(b"BEGIN CREV ") {
            return match rest.strip_suffix(b" SIGNATURE") {
                Some(rest) => kind(rest).map(Self::Sign),
                None => kind(rest).map(Self::Begin),
            };
        }
        kind(inner.strip_prefix(b"END CREV ")?).map(Self::End)
    }
}
