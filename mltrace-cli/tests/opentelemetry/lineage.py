"""Records and asks over our own gRPC service, by its published messages: lineage.py PROTO URL TOKEN"""

import json
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

folder, url, token = sys.argv[1:]
made = tempfile.mkdtemp()
files = ["mltrace/v1/mltrace.proto"]
assert protoc.main(["protoc", f"-I{folder}", f"--python_out={made}", f"--grpc_python_out={made}", *files]) == 0
sys.path.insert(0, made)
from mltrace.v1 import mltrace_pb2 as messages  # noqa: E402
from mltrace.v1 import mltrace_pb2_grpc as services  # noqa: E402

channel = grpc.insecure_channel(url.removeprefix("http://").rstrip("/"))
lineage = services.LineageStub(channel)
metadata = [("authorization", f"Bearer {token}")]
try:
    lineage.Review(messages.ReviewRequest())
except grpc.RpcError as error:
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED, error
    assert "asks for a token" in error.details(), error
else:
    raise AssertionError("nobody asked for the token")

news = lineage.Watch(messages.WatchRequest(), metadata=metadata)
first = next(news).count


def lines():
    for number in range(3):
        run = {"component": "step", "ended_at": f"2026-01-31T10:0{number}:00Z", "inputs": [f"{number}.csv"],
               "outputs": [f"{number + 1}.csv"]}
        yield messages.RecordRequest(line=json.dumps(run))
    yield messages.RecordRequest(line="nonsense")


replies = list(lineage.Record(lines(), metadata=metadata))
assert replies[-1].through == 4, replies
assert [refused.number for reply in replies for refused in reply.refused] == [4], replies
assert next(news).count != first
news.cancel()
answer = json.loads(lineage.Trace(messages.TraceRequest(artifact="3.csv", depth=1), metadata=metadata).json)
assert [run["component"] for run in answer["runs"]] == ["step", "step"], answer
assert json.loads(lineage.Review(messages.ReviewRequest(limit=3), metadata=metadata).json)["flagged"] == []
try:
    lineage.Trace(messages.TraceRequest(artifact="nothing"), metadata=metadata)
except grpc.RpcError as error:
    assert error.code() is grpc.StatusCode.NOT_FOUND, error
else:
    raise AssertionError("there is nothing")
channel.close()
