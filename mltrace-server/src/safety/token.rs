//! The secret that opens a server which others can reach.

use blake3::Hash;

/// Shorter tokens could be guessed.
const SHORTEST: usize = 16;

/// A secret, kept as a hash only: hashes compare in constant time.
#[derive(Clone)]
pub struct Token {
    hash: Hash,
    /// What a browser shows that brought the token once: random bits of this start, which say nothing of the token.
    session: Hash,
}

/// Why a text cannot be the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongToken {
    /// It is too short, or cannot stand in a header.
    Weak,
    /// The system has no random bits for sessions.
    NoRandomBits,
}

impl std::fmt::Display for WrongToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Weak => write!(f, "a token has at least {SHORTEST} characters, all visible ASCII"),
            Self::NoRandomBits => f.write_str("the system has no random bits for sessions"),
        }
    }
}

impl std::error::Error for WrongToken {}

impl Token {
    /// Returns the token that is this text.
    ///
    /// # Errors
    /// When it is too short to be safe, or cannot stand in a header; or when the system has no random bits.
    pub fn new(text: &str) -> Result<Self, WrongToken> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WrongToken::Weak);
        }
        let session = random().map_err(|_| WrongToken::NoRandomBits)?;
        Ok(Self { hash: blake3::hash(text.as_bytes()), session })
    }

    /// Returns a new token and its text, 256 random bits.
    ///
    /// # Errors
    /// When the system has no random bits.
    pub fn generate() -> std::io::Result<(Self, String)> {
        let text = random()?.to_hex().to_string();
        let token = Self::new(&text).map_err(std::io::Error::other)?;
        Ok((token, text))
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.hash == blake3::hash(text.trim().as_bytes())
    }

    pub(super) fn is_session(&self, value: &str) -> bool {
        Hash::from_hex(value).is_ok_and(|value| self.session == value)
    }

    pub(super) fn session(&self) -> String {
        self.session.to_hex().to_string()
    }
}

/// Returns 256 random bits, as a hash because hashes compare in constant time.
fn random() -> std::io::Result<Hash> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
    Ok(Hash::from_bytes(bits))
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_opens_and_nothing_else_does() {
        let (token, text) = Token::generate().unwrap();
        assert!(token.is(&text) && token.is(&format!(" {text}\n")));
        assert!(!token.is("") && !token.is(&text[1..]) && !token.is(&token.session()));
        assert!(token.is_session(&token.session()) && !token.is_session(&text) && !token.is_session(""));
        assert!(!format!("{token:?}").contains(&text));
        let again = Token::new(&text).unwrap();
        assert!(again.is(&text) && !again.is_session(&token.session()), "a session ends with the server");
    }

    #[test]
    fn weak_tokens_are_refused() {
        assert!(Token::new("secret").is_err() && Token::new("with a space inside").is_err());
        assert!(Token::new("correct-horse-battery\n").is_ok());
    }
}
