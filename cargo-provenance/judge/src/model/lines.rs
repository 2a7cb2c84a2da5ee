//! How two texts differ, line by line.

use std::fmt;

use imara_diff::{Algorithm, Diff, InternedInput, Token};

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Both texts have it.
    Kept,
    /// Only the old one has it.
    Gone,
    /// Only the new one has it.
    New,
}

/// The lines of two texts, and which of them only one has.
///
/// Only a line feed ends a line, and it is part of it. Where many lines are alike, the difference is coarse, and still right; made-up
/// texts keep it busy all the same, so that whoever does not know where they come from asks [`differing`] before.
pub struct Lines<'a> {
    input: InternedInput<&'a str>,
    diff: Diff,
}

/// Lines that changed, with those around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// How many lines of the old text stand before it, and how many of its lines are of the old text.
    pub old: (usize, usize),
    /// The same of the new text.
    pub new: (usize, usize),
    /// The lines with what becomes of them.
    pub lines: Vec<(Fate, &'a str)>,
}

impl Fate {
    /// What a patch writes before such a line.
    pub fn sign(self) -> char {
        match self {
            Self::Kept => ' ',
            Self::Gone => '-',
            Self::New => '+',
        }
    }
}

impl<'a> Lines<'a> {
    /// Compares two texts.
    pub fn compare(old: &'a str, new: &'a str) -> Self {
        let input = InternedInput::new(old, new);
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        Self { input, diff }
    }

    /// What changed, each change with so many lines before and after it; changes that would share lines are one stretch.
    pub fn stretches(&self, context: usize) -> Vec<Stretch<'a>> {
        let mut stretches: Vec<Stretch<'a>> = vec![];
        let (olds, news) = (&self.input.before, &self.input.after);
        let lines =
            |tokens: &[Token]| tokens.iter().map(|token| self.input.interner[*token]).collect::<Vec<_>>();
        // Up to where the old text is told. Between two changes both texts have the same lines.
        let mut told = 0;
        for hunk in self.diff.hunks() {
            let [old, new] = [&hunk.before, &hunk.after].map(|side| side.start as usize..side.end as usize);
            if stretches.is_empty() || old.start - told > context.saturating_mul(2) {
                if let Some(last) = stretches.last_mut() {
                    last.keep(lines(&olds[told..told + context]));
                }
                told = old.start - context.min(old.start - told);
                let before = (told, new.start - (old.start - told));
                stretches.push(Stretch { old: (before.0, 0), new: (before.1, 0), lines: vec![] });
            }
            if let Some(last) = stretches.last_mut() {
                last.keep(lines(&olds[told..old.start]));
                last.change(lines(&olds[old.clone()]), lines(&news[new]));
            }
            told = old.end;
        }
        if let Some(last) = stretches.last_mut() {
            last.keep(lines(&olds[told..olds.len().min(told.saturating_add(context))]));
        }
        stretches
    }

    /// A patch of the file `name`, with three lines around each change; empty where nothing changed.
    pub fn patch(&self, name: &str) -> String {
        let stretches = self.stretches(3);
        if stretches.is_empty() {
            return String::new();
        }
        let hunks = stretches.iter().map(ToString::to_string).collect::<String>();
        format!("--- a/{name}\n+++ b/{name}\n{hunks}")
    }
}

/// The lines of both texts that are not the same at the beginning or at the end: what comparing takes grows with their square at
/// worst. Of 100,000, the slowest texts known take a second.
pub fn differing(old: &str, new: &str) -> usize {
    let lines = |text| str::split_inclusive(text, '\n');
    let (before, after) = (lines(old).count(), lines(new).count());
    let head = lines(old).zip(lines(new)).take_while(|(a, b)| a == b).count();
    let tail = lines(old).rev().zip(lines(new).rev()).take_while(|(a, b)| a == b).count();
    let shared = head + tail.min(before.min(after) - head);
    before + after - 2 * shared
}

impl<'a> Stretch<'a> {
    fn keep(&mut self, lines: Vec<&'a str>) {
        self.old.1 += lines.len();
        self.new.1 += lines.len();
        self.lines.extend(lines.into_iter().map(|line| (Fate::Kept, line)));
    }

    fn change(&mut self, gone: Vec<&'a str>, new: Vec<&'a str>) {
        self.old.1 += gone.len();
        self.new.1 += new.len();
        self.lines.extend(gone.into_iter().map(|line| (Fate::Gone, line)));
        self.lines.extend(new.into_iter().map(|line| (Fate::New, line)));
    }

    /// The number of the first line of a side, counted from 1; a side without lines names the line before.
    pub fn first((before, count): (usize, usize)) -> usize {
        if count == 0 { before } else { before + 1 }
    }
}

/// As in a patch (GNU diffutils, "Detailed Description of Unified Format").
impl fmt::Display for Stretch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: (usize, usize)| match side.1 {
            1 => Self::first(side).to_string(),
            count => format!("{},{count}", Self::first(side)),
        };
        writeln!(f, "@@ -{} +{} @@", side(self.old), side(self.new))?;
        for (fate, line) in &self.lines {
            writeln!(f, "{}{}", fate.sign(), line.strip_suffix('\n').unwrap_or(line))?;
            if !line.ends_with('\n') {
                writeln!(f, "\\ No newline at end of file")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the stretches make of the old text.
    fn applied(old: &str, stretches: &[Stretch<'_>]) -> String {
        let lines = old.split_inclusive('\n').collect::<Vec<_>>();
        let (mut new, mut at) = (String::new(), 0);
        for stretch in stretches {
            assert!(at <= stretch.old.0, "stretches overlap: {stretches:?}");
            new.extend(lines[at..stretch.old.0].iter().copied());
            assert_eq!(new.split_inclusive('\n').count(), stretch.new.0);
            let of = |fate: Fate| stretch.lines.iter().filter(move |line| line.0 != fate).map(|line| line.1);
            assert!(of(Fate::New).eq(lines[stretch.old.0..stretch.old.0 + stretch.old.1].iter().copied()));
            assert_eq!(of(Fate::Gone).count(), stretch.new.1);
            new.extend(of(Fate::Gone));
            at = stretch.old.0 + stretch.old.1;
        }
        new.extend(lines[at..].iter().copied());
        new
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_new_text_of_the_old_one(
            old in "([ab] ?[c}]?\n){0,24}[a\r]?", new in "([ab] ?[c}]?\n){0,24}[a\r]?", context in 0..5_usize,
        ) {
            let stretches = Lines::compare(&old, &new).stretches(context);
            prop_assert_eq!(applied(&old, &stretches), new.clone());
            prop_assert_eq!(stretches.is_empty(), old == new);
        }
    }

    #[test]
    fn a_patch_is_one_that_patch_reads() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj";
        let new = "b\nc\nd\ne\nf\ng\nh\ni\nj\n";
        assert_eq!(
            Lines::compare(old, new).patch("x"),
            "--- a/x\n+++ b/x\n@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n@@ -7,4 +6,4 @@\n g\n h\n i\n-j\n\
             \\ No newline at end of file\n+j\n"
        );
        assert_eq!(Lines::compare("", "a\n").patch("x"), "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(Lines::compare("a\n", "a\n").patch("x"), "");
    }

    #[test]
    fn what_is_the_same_at_both_ends_takes_no_time() {
        for (old, new, expected) in [
            ("a\nb\nc\n", "a\nx\nc\n", 2),
            ("a\nb", "a\nb", 0),
            ("a\na\n", "a\na\na\n", 1),
            ("a", "a\n", 2),
            ("", "a\nb\n", 2),
        ] {
            assert_eq!(differing(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn changes_that_are_close_are_one_stretch() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n";
        let close = Lines::compare(old, "x\n2\n3\n4\ny\n6\n7\n8\n").stretches(2);
        assert_eq!(close.len(), 1, "{close:?}");
        let far = Lines::compare(old, "x\n2\n3\n4\n5\n6\ny\n8\n").stretches(2);
        assert_eq!(far.len(), 2, "{far:?}");
        assert_eq!((far[0].old, far[1].old), ((0, 3), (4, 4)));
    }
}
