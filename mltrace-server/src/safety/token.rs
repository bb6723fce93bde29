//! The secret that opens a server which others can reach.

use blake3::Hash;

/// What separates the cookie's value from every other use of the token.
const COOKIE_CONTEXT: &str = "mltrace 2026 server session cookie";
/// Shorter tokens could be guessed.
const SHORTEST: usize = 16;

/// A secret, kept as a hash only: hashes compare in constant time.
#[derive(Clone)]
pub struct Token {
    hash: Hash,
    cookie: Hash,
}

/// The text is too short, or cannot stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongToken;

impl std::fmt::Display for WrongToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a token has at least {SHORTEST} characters, all visible ASCII")
    }
}

impl std::error::Error for WrongToken {}

impl Token {
    /// Returns the token that is this text.
    ///
    /// # Errors
    /// When it is too short to be safe, or cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, WrongToken> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WrongToken);
        }
        let cookie = Hash::from_bytes(blake3::derive_key(COOKIE_CONTEXT, text.as_bytes()));
        Ok(Self { hash: blake3::hash(text.as_bytes()), cookie })
    }

    /// Returns a new token and its text, 256 random bits.
    ///
    /// # Errors
    /// When the system has no random bits.
    pub fn generate() -> std::io::Result<(Self, String)> {
        let mut bits = [0_u8; 32];
        getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
        let text = Hash::from_bytes(bits).to_hex().to_string();
        let token = Self::new(&text).map_err(std::io::Error::other)?;
        Ok((token, text))
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.hash == blake3::hash(text.trim().as_bytes())
    }

    pub(super) fn is_cookie(&self, value: &str) -> bool {
        Hash::from_hex(value).is_ok_and(|value| self.cookie == value)
    }

    pub(super) fn cookie(&self) -> String {
        self.cookie.to_hex().to_string()
    }
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
        assert!(!token.is("") && !token.is(&text[1..]) && !token.is(&token.cookie()));
        assert!(token.is_cookie(&token.cookie()) && !token.is_cookie(&text) && !token.is_cookie(""));
        assert!(!format!("{token:?}").contains(&text));
    }

    #[test]
    fn weak_tokens_are_refused() {
        assert!(Token::new("secret").is_err() && Token::new("with a space inside").is_err());
        assert!(Token::new("correct-horse-battery\n").is_ok());
    }
}
