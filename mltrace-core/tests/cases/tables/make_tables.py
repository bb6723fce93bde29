"""Writes one table with the tools that people write Parquet with, and as text: `python make_tables.py`.

Made with pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1 and fastparquet 2026.9.0.
"""

import datetime
import decimal
import random

import duckdb
import fastparquet
import pandas
import polars
import pyarrow
import pyarrow.parquet

random.seed(7)
ROWS = 300


def some(value):
    return None if random.random() < 0.1 else value


start = datetime.datetime(2021, 5, 3, 10)
columns = {
    "id": list(range(ROWS)),
    "zone": [some(random.choice(["JFK", "EWR", "LGA", "Zürich, West"])) for _ in range(ROWS)],
    "fare": [some(round(random.uniform(2.5, 80), 2)) for _ in range(ROWS)],
    "price": [some(decimal.Decimal(random.randrange(-500, 500)).scaleb(-2)) for _ in range(ROWS)],
    "paid": [some(random.random() < 0.8) for _ in range(ROWS)],
    "day": [some((start + datetime.timedelta(days=random.randrange(40))).date()) for _ in range(ROWS)],
    "at": [some(start + datetime.timedelta(seconds=random.randrange(50))) for _ in range(ROWS)],
    "seats": [some(random.randrange(1, 7)) for _ in range(ROWS)],
}
table = pyarrow.table(
    columns,
    schema=pyarrow.schema(
        [
            ("id", pyarrow.int64()),
            ("zone", pyarrow.string()),
            ("fare", pyarrow.float64()),
            ("price", pyarrow.decimal128(9, 2)),
            ("paid", pyarrow.bool_()),
            ("day", pyarrow.date32()),
            ("at", pyarrow.timestamp("us")),
            ("seats", pyarrow.uint8()),
        ]
    ),
)
pyarrow.parquet.write_table(table, "pyarrow.parquet", row_group_size=100)
pyarrow.parquet.write_table(
    table, "pyarrow-second.parquet", data_page_version="2.0", compression="lz4", use_dictionary=False,
    column_encoding={"id": "DELTA_BINARY_PACKED", "zone": "DELTA_BYTE_ARRAY", "fare": "BYTE_STREAM_SPLIT"},
)
pyarrow.parquet.write_table(table, "pyarrow-old.parquet", compression="gzip", use_deprecated_int96_timestamps=True)
polars.from_arrow(table).write_parquet("polars.parquet")
rides = table
duckdb.sql("COPY (SELECT * FROM rides) TO 'duckdb.parquet' (FORMAT parquet)")
frame = table.drop(["price", "day", "seats"]).to_pandas()
fastparquet.write("fastparquet.parquet", frame, compression="SNAPPY")


def written(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    text = str(value)
    return f'"{text}"' if "," in text else text


with open("table.csv", "w", encoding="utf-8") as file:
    file.write(",".join(columns) + "\n")
    for row in zip(*columns.values()):
        file.write(",".join(map(written, row)) + "\n")
