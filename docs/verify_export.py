"""Check an export of the signal history without the program that made it.

    python3 verify_export.py export.jsonl [info.json ...]

export.jsonl is GET /history/export?include_cleared=true; info.json is GET /history/info as it was
at some time: its heads have to be in the export. Says what is wrong, or that all is intact.
"""

import base64, decimal, hashlib, json, sys  # noqa: E401, I001

BESIDE = {"id", "content_hash", "origin", "imported_at", "source_reference", "source_extra"}


def number(text):
    value = float(text)
    return int(decimal.Decimal(text)) if value.is_integer() else value


def check(export, infos):
    chains, line = {}, {}
    for line in (json.loads(text, parse_float=number) for text in export):
        if line.get("seq") is None:  # imported, in no chain; or the last line
            continue
        inputs = base64.b64decode(line.pop("inputs_base64", ""))
        stream = "/".join((line["environment"], line["symbol"], line["profile_name"]))
        links, where = chains.setdefault(stream, []), f"{stream} seq {line['seq']}"
        if line["seq"] != len(links) + 1 or line["prev_hash"] != (links or ["0" * 64])[-1]:
            yield f"{where}: does not follow the link before: something is missing or moved"
        hashed = {key: line[key] for key in line.keys() - BESIDE}
        text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if hashlib.sha256(text.encode()).hexdigest() != line["content_hash"]:
            yield f"{where}: was changed: its columns do not match its hash"
        if inputs and hashlib.sha256(inputs).hexdigest() != line["inputs"]:
            yield f"{where}: was changed: its inputs do not match their hash"
        links.append(line["content_hash"])
    if "end" not in line:
        yield "the last line is missing: this is not the whole export"
    for info in infos:
        for head in info["streams"]:
            stream = "/".join((info["environment"], head["symbol"], head["profile"]))
            if chains.get(stream, [])[head["length"] - 1 :][:1] != [head["headHash"]]:
                yield f"{stream} seq {head['length']}: is not the head that was noted"


if __name__ == "__main__":
    heads = [json.loads(open(name, encoding="utf-8").read()) for name in sys.argv[2:]]  # noqa: SIM115
    with open(sys.argv[1], encoding="utf-8") as export:
        faults = "\n".join(check(export, heads))
    sys.exit(faults or print("all intact"))  # noqa: T201
