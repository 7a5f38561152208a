# SPDX-License-Identifier: Apache-2.0
"""cache.direct=on: requests of any alignment are right, also when they overlap the same blocks."""
import random

from harness import Case, NbdConnection, QmpError, Skip, equal

SIZE = 1 << 20


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1, random=True)
        model = bytearray(image.read_bytes())
        try:
            export = case.serve(qmp, image, node={"cache": {"direct": True}})
        except QmpError as error:
            raise Skip(f"no O_DIRECT here: {error}") from None
        entry = qmp.execute("query-named-block-nodes")[0]
        equal(entry["cache"], {"writeback": True, "direct": True, "no-flush": False}, "cache")
        dice = random.Random(3)
        with NbdConnection(export.address).go("disk") as client:
            equal(client.read(0, SIZE), bytes(model), "the whole disk")
            for _ in range(200):
                length = dice.choice((1, 511, 512, 513, 4095, 4096, 5000, 65537))
                offset = dice.randrange(0, SIZE - length)
                if dice.random() < 0.5:
                    data = dice.randbytes(length)
                    client.write(offset, data)
                    model[offset:offset + length] = data
                else:
                    equal(
                        client.read(offset, length), bytes(model[offset:offset + length]), f"{length} bytes at {offset}"
                    )
            client.disconnect()
        equal(image.read_bytes(), bytes(model), "the file")
