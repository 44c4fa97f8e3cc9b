//! The file of the keys that sign JSON Web Tokens: PEM blocks as openssl writes them, the newest first, each with what is
//! known of it in comments before it.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use countersign_core::{
    env::Random,
    model::Timestamp,
    strategy::{ForeignTokens, JwtAlgorithm, JwtKey},
};

use super::{
    file::{self, KeyError},
    history::History,
};

const HEAD: &str = "\
# The keys that sign the JSON Web Tokens of this Countersign server, the newest first. Show them to nobody.
";
/// What stands before a key: when it begins to sign, and when it ceases to check.
const SIGNS_FROM: &str = "# signs from ";
const CHECKS_UNTIL: &str = "# checks until ";
/// What stands before the key of a Django: what its tokens look like, as JSON.
const SIMPLEJWT: &str = "# simplejwt ";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// What a secret of HS256 that only checks is labelled with; it stands there in base64.
pub const SECRET: &str = "HS256 SECRET";
const UNENDING: &str = "a secret that only checks needs an end: put `# checks until` with a moment before it";
const UNENDING_SIMPLEJWT: &str = "a Django's key only checks, a secret or a public key, and needs an end: put `# checks until` with \
    a moment before it";
/// Characters a line (RFC 7468, section 2).
const WIDTH: usize = 64;
const EXPECTED: &str = "a key is a block of PEM, PRIVATE KEY (PKCS #8, such as `openssl genpkey` writes) or PUBLIC KEY, of \
    RSA (2048 to 8192 bits), P-256 or Ed25519, or HS256 SECRET; before it may stand `# signs from` or `# checks until` with a moment, and `# simplejwt` \
    with an object of JSON";

/// A block, with the comments before it.
struct Block {
    /// Everything as it stands in the file.
    lines: Vec<String>,
    key: JwtKey,
}

/// What the file holds.
struct KeyText {
    history: History,
    /// The newest first.
    blocks: Vec<Block>,
}

impl KeyText {
    fn text(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(|block| block.lines.join("\n") + "\n").collect();
        format!("{HEAD}{}{}", self.history.text(), blocks.concat())
    }

    fn has_signing_key(&self, algorithm: JwtAlgorithm) -> bool {
        self.blocks.iter().any(|block| block.key.algorithm() == algorithm && block.key.signs())
    }

    /// Must something be written before `signing` signs? HS256 has no key here.
    fn lacks(&self, signing: JwtAlgorithm) -> Lack {
        if signing != JwtAlgorithm::Hs256 && !self.has_signing_key(signing) {
            Lack::Key
        } else if !self.history.is_current(signing) {
            Lack::Line
        } else {
            Lack::Nothing
        }
    }

    /// Notes that `signing` signs from now on. `shared_before` says whether HS256 may have signed until now.
    fn turn(&mut self, signing: JwtAlgorithm, shared_before: bool, now: Timestamp) {
        let begun = |key: &JwtKey| key.signs() && key.from().is_none_or(|from| from <= now);
        let here = self.blocks.iter().filter(|block| begun(&block.key)).map(|block| block.key.algorithm());
        let before: Vec<JwtAlgorithm> = here.chain(shared_before.then_some(JwtAlgorithm::Hs256)).collect();
        self.history.turn(signing, &before, now);
    }
}

/// Is it noted that another algorithm signs from now on?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Yes: a server starts.
    Noted,
    /// No.
    Left,
}

/// What the file does not have yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lack {
    Nothing,
    /// The line that says which algorithm signs.
    Line,
    /// A key that can sign.
    Key,
}

/// The keys of the file, in their roles.
pub struct Read {
    /// The newest first.
    pub keys: Vec<JwtKey>,
    history: History,
}

impl Read {
    /// Under another algorithm than HS256: the keys of HS256, which check what they signed before; none if nobody knows
    /// of any. They check without an end while a server with the old configuration, which began after this one, signs.
    pub fn retire(&self, shared: Vec<JwtKey>) -> Vec<JwtKey> {
        if self.history.is_current(JwtAlgorithm::Hs256) {
            return shared.into_iter().map(|key| key.retired(None)).collect();
        }
        let Some(last) = self.history.ended(JwtAlgorithm::Hs256) else { return Vec::new() };
        let signed = |key: &JwtKey| key.from().is_none_or(|from| from <= last);
        shared.into_iter().filter(signed).map(|key| key.retired(Some(last))).collect()
    }
}

/// The keys of the file. It is made if there is none; if none of its keys can sign with `signing`, a new one is added. Those of
/// another algorithm check what they signed. `shared_before` says whether HS256 may have signed before the file was there.
pub fn open(
    path: &Path,
    signing: JwtAlgorithm,
    shared_before: bool,
    turn: Turn,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Read, KeyError> {
    if !path.exists() {
        let mut new = parse(path, &new_block(signing, None)?)?;
        new.turn(signing, shared_before, whole(now));
        file::create(path, &new.text(), random)?;
    }
    let mut found = parse(path, &file::read(path)?)?;
    let lack = found.lacks(signing);
    if lack == Lack::Key || (lack == Lack::Line && turn == Turn::Noted) {
        match fill(path, signing, shared_before, random, now) {
            Ok(filled) => found = filled,
            // A file that somebody else looks after: without the line nothing is known of other algorithms.
            Err(KeyError::File { path, source }) if lack == Lack::Line => {
                tracing::warn!(file = %path.display(), %source, "cannot note there that {signing} signs now");
            }
            Err(error) => return Err(error),
        }
    }
    let KeyText { history, blocks } = found;
    let role = |Block { key, .. }: Block| {
        let signed = |last: &Timestamp| key.from().is_none_or(|from| from <= *last);
        let last = history.ended(key.algorithm()).filter(signed);
        if key.signs() && key.algorithm() != signing { key.retired(last) } else { key }
    };
    Ok(Read { keys: blocks.into_iter().map(role).collect(), history })
}

/// Writes what is missing, unless somebody else just did.
fn fill(
    path: &Path,
    signing: JwtAlgorithm,
    shared_before: bool,
    random: &dyn Random,
    now: Timestamp,
) -> Result<KeyText, KeyError> {
    file::exchange(path, random, |text| {
        let mut found = parse(path, text)?;
        let lack = found.lacks(signing);
        if lack != Lack::Nothing {
            found.turn(signing, shared_before, whole(now));
        }
        if lack == Lack::Key {
            let new = parse(path, &new_block(signing, Some(whole(now)))?)?;
            found.blocks.splice(0..0, new.blocks);
        }
        Ok((found.text(), found))
    })
}

/// Puts a new key before the others, which signs from then on, and takes away those that are `over`; returns its `kid`.
pub fn add(
    path: &Path,
    signing: JwtAlgorithm,
    from: Timestamp,
    over: &[String],
    random: &dyn Random,
) -> Result<String, KeyError> {
    let block = new_block(signing, Some(from))?;
    if !path.exists() {
        file::create(path, &format!("{HEAD}{block}"), random)?;
        return Ok(parse(path, &block)?.blocks.first().map(|block| block.key.id()).unwrap_or_default());
    }
    file::exchange(path, random, |text| {
        let mut found = parse(path, text)?;
        found.blocks.retain(|block| !over.contains(&block.key.id()));
        let new = parse(path, &block)?;
        let kid = new.blocks.first().and_then(|block| block.key.kid()).unwrap_or_default().to_owned();
        found.blocks.splice(0..0, new.blocks);
        Ok((found.text(), kid))
    })
}

/// Puts a key that only checks behind the others, and takes away those that are `over`; returns its id, `None` if `block` is
/// not one key. Of one that is there already the end is changed.
pub fn import(path: &Path, block: &str, over: &[String], random: &dyn Random) -> Result<Option<String>, KeyError> {
    let Some(id) = id(block) else { return Ok(None) };
    if !path.exists() {
        file::create(path, &format!("{HEAD}{block}"), random)?;
    }
    file::exchange(path, random, |text| {
        let mut found = parse(path, text)?;
        if found.blocks.iter().any(|block| block.key.id() == id && block.key.signs()) {
            return Err(KeyError::Import("that key is here already, and signs".to_owned()));
        }
        found.blocks.retain(|block| block.key.id() != id && !over.contains(&block.key.id()));
        found.blocks.extend(parse(path, block)?.blocks);
        Ok((found.text(), Some(id)))
    })
}

/// The id of the one key of a block for [`import`].
pub fn id(block: &str) -> Option<String> {
    match parse(Path::new(""), block) {
        Ok(KeyText { blocks, .. }) if blocks.len() == 1 => blocks.first().map(|block| block.key.id()),
        _ => None,
    }
}

/// The keys of Djangos in the file: their ids, and their ends. A file that cannot be read says so elsewhere.
pub fn of_djangos(path: &Path) -> Vec<(String, Timestamp)> {
    let read = file::read(path).and_then(|text| parse(path, &text));
    let keys = read.map(|text| text.blocks).unwrap_or_default().into_iter().map(|block| block.key);
    keys.filter(|key| key.foreign().is_some()).filter_map(|key| Some((key.id(), key.until()?))).collect()
}

/// What stands before a Django's key.
pub fn simplejwt(tokens: &ForeignTokens) -> String {
    // Fails for nothing that has only texts in it.
    serde_json::to_string(tokens).map(|tokens| format!("{SIMPLEJWT}{tokens}\n")).unwrap_or_default()
}

/// What stands before a key that only checks.
pub fn checks_until(until: Timestamp) -> String {
    format!("{CHECKS_UNTIL}{}\n", moment(until))
}

/// A moment as the files have it.
pub fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn new_block(algorithm: JwtAlgorithm, from: Option<Timestamp>) -> Result<String, KeyError> {
    let der = JwtKey::generate(algorithm).ok_or(KeyError::Generate(algorithm))?;
    let from = from.map(|from| format!("{SIGNS_FROM}{}\n", moment(from))).unwrap_or_default();
    Ok(from + &block(PRIVATE, &der))
}

/// A key as it stands in the file.
pub fn block(label: &str, bytes: &[u8]) -> String {
    let encoded = BASE64.encode(bytes);
    let lines: Vec<&str> = encoded.as_bytes().chunks(WIDTH).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("{BEGIN}{label}{DASHES}\n{}\n{END}{label}{DASHES}\n", lines.join("\n"))
}

/// What a text holds, which may be no key: its owner takes out one that somebody else has seen. A text without a letter is
/// a file that was lost, or that is just being written.
fn parse(path: &Path, text: &str) -> Result<KeyText, KeyError> {
    if text.trim().is_empty() {
        return Err(KeyError::Empty(path.to_owned()));
    }
    let damaged = |line| KeyError::Damaged { path: path.to_owned(), line, expected: EXPECTED };
    let (mut history, mut blocks) = (History::default(), Vec::new());
    let (mut before, mut from, mut until, mut simplejwt) = (Vec::new(), None, None, None);
    let mut lines = text.strip_prefix(HEAD).unwrap_or(text).lines().zip(1..);
    let skipped = text.lines().count() - lines.clone().count();
    while let Some((line, number)) = lines.next() {
        let number: usize = number + skipped;
        if let Some(taken) = history.take(line) {
            taken.map_err(|()| damaged(number))?;
            continue;
        }
        before.push(line.to_owned());
        if let Some(at) = line.strip_prefix(SIGNS_FROM) {
            from = Some(read_moment(at).ok_or_else(|| damaged(number))?);
        } else if let Some(at) = line.strip_prefix(CHECKS_UNTIL) {
            until = Some(read_moment(at).ok_or_else(|| damaged(number))?);
        } else if let Some(tokens) = line.strip_prefix(SIMPLEJWT) {
            simplejwt = Some(serde_json::from_str::<ForeignTokens>(tokens).map_err(|_| damaged(number))?);
        } else if let Some(label) = line.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) {
            let end = format!("{END}{label}{DASHES}");
            let mut encoded = String::new();
            loop {
                let (line, _) = lines.next().ok_or_else(|| damaged(number))?;
                before.push(line.to_owned());
                if line.trim() == end {
                    break;
                }
                encoded.push_str(line.trim());
            }
            let der = BASE64.decode(encoded).map_err(|_| damaged(number))?;
            let refused = |reason| KeyError::Refused { path: path.to_owned(), line: number, reason };
            let key = match label {
                PRIVATE => JwtKey::private(&der).map_err(|_| damaged(number))?,
                PUBLIC => JwtKey::public(&der).map_err(|_| damaged(number))?,
                SECRET => {
                    if until.is_none() {
                        return Err(refused(UNENDING.to_owned()));
                    }
                    JwtKey::shared(&der).map_err(|reason| refused(reason.to_string()))?
                }
                _ => return Err(damaged(number)),
            };
            let key = key.signing_from(from.take());
            let key = match (simplejwt.take(), until.take()) {
                (Some(tokens), Some(until)) if label != PRIVATE => key.of_simplejwt(tokens, until),
                (Some(_), _) => return Err(refused(UNENDING_SIMPLEJWT.to_owned())),
                (None, Some(until)) => key.checking_until(Some(until)),
                (None, None) => key,
            };
            blocks.push(Block { lines: std::mem::take(&mut before), key });
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            return Err(damaged(number));
        }
    }
    Ok(KeyText { history, blocks })
}

/// Reads what [`moment`] writes.
pub fn read_moment(text: &str) -> Option<Timestamp> {
    Some(DateTime::parse_from_rfc3339(text.trim()).ok()?.with_timezone(&Utc))
}

/// The next whole second.
pub fn whole(at: Timestamp) -> Timestamp {
    let up = i64::from(at.timestamp_subsec_nanos() > 0);
    DateTime::from_timestamp(at.timestamp() + up, 0).unwrap_or(at)
}
