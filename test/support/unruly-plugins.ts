const IGNORE = `trap '' TERM HUP INT`;

/** Scripts of bash that do what a plugin should not, and print `up` when they do it. */
export const UNRULY = {
  ignoresSigterm: `${IGNORE}; echo up; while :; do sleep 0.05; done`,
  childrenIgnoreSigterm: `for i in 1 2 3; do ( ${IGNORE}; while :; do sleep 0.05; done ) & done; echo up; wait`,
  leavesItsGroup: `
    setsid bash -c "${IGNORE}; while :; do sleep 0.05; done" &
    setsid -f bash -c "${IGNORE}; sleep 1000"
    ( ( setsid bash -c "${IGNORE}; sleep 1000; :" & ) & )
    ${IGNORE}; echo up; while :; do sleep 0.05; done`,
  forksAllTheTime: `
    ${IGNORE}; echo up
    while :; do ( ${IGNORE}; sleep 0.3 ) & setsid sleep 0.3 & sleep 0.02; done`,
  stopsItself: `${IGNORE}; setsid bash -c 'kill -STOP $$' & echo up; kill -STOP $$; sleep 1000`,
  closesItsOutput: `echo up; exec >&- 2>&-; while :; do sleep 0.05; done`,
} as const;

/** A script of Python: one process after the other, each in a session of its own, each gone when its child runs. */
export const COMET = `
import os, signal, time
for name in (signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
print('up', flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
  if os.fork(): os._exit(0)
  os.setsid()
`;

/** A script of Python with many of those. */
export const SWARM = `
import os, signal, time
for name in (signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
end = time.monotonic() + 60
for _ in range(64):
  if os.fork() == 0:
    while time.monotonic() < end:
      if os.fork(): os._exit(0)
      os.setsid()
    os._exit(0)
print('up', flush=True)
time.sleep(1000)
`;
