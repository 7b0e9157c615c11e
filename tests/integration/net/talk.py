# SPDX-License-Identifier: Apache-2.0
"""The language in which server.py and client.py are told what to do with a connection, and what to print of it.

STEPS is a list, separated by commas:
  text:TEXT        send TEXT
  bytes:N          send N bytes of a pattern
  send:N           send N blocks of 1 MiB; each block has its number, counted from the connection's first
  peer             send the address of the other side
  echo             send all that is received back, until the other side ends its stream
  reply            receive once, and send "echo " and what was received
  urgent:C         send the character C as urgent data
  own:N            send N bytes that spell the number of this conversation
  tell             send the results so far
  take:N           receive once, at most N bytes; the result is their text
  all              receive to the end; the result is the text, "end" if there is none, or "reset"
  count            receive to the end; the result is the number of bytes, with ", reset" if the end was a reset
  end              receive to the end, and throw away what is received; the result is "end" or "reset"
  expect:N         receive what bytes:N sends; the result is "whole" or where it differs
  receive:N[:S]    receive what send:N sends, with a rest of S seconds after each block; the result as for expect
  waits:S          the result is "no long wait" if no call of recv() so far took S seconds
  exchange:N       send:N and receive:N at the same time
  own-back:N       receive what own:N sends; the result is "own" or "other"
  shut             end the own stream, and go on to receive
  close, reset     end the connection: in order, or by a reset
  sleep:S          sleep S seconds
  work:S           sleep S seconds, one conversation of the process at a time
  await:FILE       wait until FILE exists
  run:PROGRAM      run PROGRAM, which must succeed
  exit             close the connection and end the process
A reset while a step sends is the result "reset", and ends the conversation.

Run alone, it talks with itself over a pair of sockets and says "ok":  python3 talk.py
"""
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time

MIB = 1 << 20
BLOCK = random.Random(1).randbytes(MIB)
PATTERN = bytes(range(256))
working = threading.Lock()


def steps_of(text):
    """Returns the steps that @text lists, as pairs of a name and its argument."""
    steps = []
    for step in text.split(","):
        name, _, argument = step.partition(":")
        if not hasattr(Conversation, "do_" + name.replace("-", "_")):
            raise SystemExit(f"there is no step '{name}'")
        steps.append((name, argument))
    return steps


def address_of(text):
    """Returns the family and the address that "[ADDRESS:]PORT", with an IPv6 address in brackets, or "@NAME" means."""
    if text.startswith("@"):
        return socket.AF_UNIX, "\0" + text[1:]
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    return socket.AF_INET6 if ":" in host else socket.AF_INET, (host, int(port))


class Conversation:
    """What is done with one connection.  @number tells a client's conversations apart."""

    def __init__(self, connection, peer=None, number=0):
        self.connection = connection
        self.peer = peer
        self.number = number
        self.sent = self.received = 0
        self.longest = 0.0
        self.results = []

    def run(self, steps):
        """Does the steps.  Returns the results as one text."""
        try:
            for name, argument in steps:
                result = getattr(self, "do_" + name.replace("-", "_"))(argument)
                if result is not None:
                    self.results.append(result)
        except ConnectionResetError:
            self.results.append("reset")
        except OSError as error:
            self.results.append(f"{name}: {(error.strerror or str(error)).lower()}")
        return ", ".join(self.results)

    def recv_into(self, room):
        begin = time.monotonic()
        size = self.connection.recv_into(room)
        self.longest = max(self.longest, time.monotonic() - begin)
        return size

    def receive_exactly(self, size):
        room = bytearray(size)
        got = 0
        while got < size and (part := self.recv_into(memoryview(room)[got:])):
            got += part
        return room[:got]

    def receive_all(self):
        data = b""
        while part := self.connection.recv(65536):
            data += part
        return data

    def own(self, size):
        return (b"%06d" % self.number * (size // 6 + 1))[:size]

    def do_text(self, text):
        self.connection.sendall(text.encode())

    def do_bytes(self, size):
        self.connection.sendall((PATTERN * (int(size) // 256 + 1))[:int(size)])

    def do_send(self, count):
        block = bytearray(BLOCK)
        for _ in range(int(count)):
            struct.pack_into("!I", block, 0, self.sent)
            self.connection.sendall(block)
            self.sent += 1

    def do_peer(self, _):
        self.connection.sendall(self.peer[0].encode())

    def do_echo(self, _):
        while data := self.connection.recv(65536):
            self.connection.sendall(data)

    def do_reply(self, _):
        self.connection.sendall(b"echo " + self.connection.recv(65536))

    def do_urgent(self, character):
        self.connection.send(character.encode(), socket.MSG_OOB)

    def do_own(self, size):
        self.connection.sendall(self.own(int(size)))

    def do_tell(self, _):
        self.connection.sendall(", ".join(self.results).encode())

    def do_take(self, size):
        return self.connection.recv(int(size)).decode(errors="replace")

    def do_all(self, _):
        return self.receive_all().decode() or "end"

    def do_count(self, _):
        total = 0
        try:
            while part := self.connection.recv(65536):
                total += len(part)
        except ConnectionResetError:
            return f"{total} bytes, reset"
        return f"{total} bytes"

    def do_end(self, _):
        room = bytearray(MIB)
        while self.recv_into(room):
            pass
        return "end"

    def do_expect(self, size):
        got = self.receive_exactly(int(size))
        if len(got) < int(size):
            return f"cut off after {len(got)} bytes"
        return "whole" if got == (PATTERN * (len(got) // 256 + 1))[:len(got)] else "not what was sent"

    def do_receive(self, argument):
        count, _, rest = argument.partition(":")
        expected = bytearray(BLOCK)
        for _ in range(int(count)):
            struct.pack_into("!I", expected, 0, self.received)
            if self.receive_exactly(MIB) != expected:
                return f"not whole at MiB {self.received}"
            self.received += 1
            if rest:
                time.sleep(float(rest))
        return "whole"

    def do_waits(self, seconds):
        return "no long wait" if self.longest < float(seconds) else f"waited {self.longest:.1f} s"

    def do_exchange(self, count):
        sender = threading.Thread(target=self.do_send, args=(count,))
        sender.start()
        result = self.do_receive(count)
        sender.join()
        return result

    def do_own_back(self, size):
        return "own" if self.receive_exactly(int(size)) == self.own(int(size)) else "other"

    def do_shut(self, _):
        self.connection.shutdown(socket.SHUT_WR)

    def do_close(self, _):
        self.connection.close()

    def do_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def do_sleep(self, seconds):
        time.sleep(float(seconds))

    def do_work(self, seconds):
        with working:
            time.sleep(float(seconds))

    def do_await(self, path):
        while not os.path.exists(path):
            time.sleep(0.02)

    def do_run(self, path):
        subprocess.run([path], check=True)

    def do_exit(self, _):
        self.connection.close()
        os._exit(0)


def main():
    ours, theirs = (Conversation(end) for end in socket.socketpair())
    other = threading.Thread(target=theirs.run, args=(steps_of("exchange:2,bytes:1000,own:10,text:x,shut,end"),))
    other.start()
    print(ours.run(steps_of("exchange:2,expect:1000,own-back:10,take:1,end,shut,waits:10")))
    other.join()
    if (ours.results, theirs.results) != (["whole", "whole", "own", "x", "end", "no long wait"], ["whole", "end"]):
        sys.exit(f"other results: {ours.results} and {theirs.results}")
    print("ok")


if __name__ == "__main__":
    main()
