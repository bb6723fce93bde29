//! What is said of a file that is not as it should be.

use parquet::errors::ParquetError;

pub(super) fn broken(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
