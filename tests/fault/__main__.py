import sys
from tests.fault.generate import generate
from tests.fault.play import play
import time
a,b=int(sys.argv[1]),int(sys.argv[2])
t=time.time(); n=0
fails={}
for seed in range(a,a+b):
    r=play(generate(seed)); n+=r.commands
    if r.broken:
        fails.setdefault(r.broken[:70],[]).append(seed)
        print(seed, r.broken[:300], flush=True)
        if b==1:
            print("\n".join(r.history.lines())); print("\n".join(r.log[-int(sys.argv[3]) if len(sys.argv)>3 else -60:]))
print(b,"seeds",n,"commands",time.time()-t,"s", len(fails), "kinds")
