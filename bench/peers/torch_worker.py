"""PyTorch, eager or compiled (COMPILE=1), at its best settings: channels_last images, fused Adam, denormals flushed."""
import os

import torch
from torch import nn
from torch.nn import functional as F

from worker import THREADS, images, labels, sequences, serve

torch.set_num_threads(THREADS)
torch.set_flush_denormal(True)
torch.manual_seed(1)
COMPILE = os.environ.get("COMPILE") == "1"


def picture(array):
    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv2d(1, 32, 3), nn.MaxPool2d(2)
        self.hidden, self.dropout, self.out = nn.Linear(13 * 13 * 32, 128), nn.Dropout(0.2), nn.Linear(128, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        return self.out(self.dropout(F.relu(self.hidden(x.flatten(1)))))


class Sequence(nn.Module):
    def __init__(self, features=10, units=64):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.hidden, self.dropout, self.out = nn.Linear(units, 64), nn.Dropout(0.2), nn.Linear(64, 10)

    def forward(self, x):
        x = self.lstm(x)[0]
        return self.out(self.dropout(F.relu(self.hidden(x)))).flatten(0, -2)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.code = nn.Conv2d(1, 16, 3, 2, 1), nn.Linear(14 * 14 * 16, 32)
        self.widen, self.decode = nn.Linear(32, 14 * 14 * 16), nn.ConvTranspose2d(16, 1, 3, 2, 1, output_padding=1)

    def forward(self, x):
        x = self.code(F.relu(self.encode(x)).flatten(1))
        x = F.relu(self.widen(x)).view(-1, 16, 14, 14).contiguous(memory_format=torch.channels_last)
        return torch.sigmoid(self.decode(x))


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.norm2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        self.shortcut = None
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        blocks, last = [], 16
        for channels in (16, 32, 64):
            for block in range(3):
                blocks.append(Block(last, channels, 2 if block == 0 and channels > 16 else 1))
                last = channels
        self.blocks, self.out = nn.Sequential(*blocks), nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.blocks(F.relu(self.norm(self.stem(x)))).mean((2, 3)))


def mlp():
    return nn.Sequential(nn.Linear(784, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 10))


def training(make, x, y, loss):
    """A row that trains: forward, backward, Adam."""
    def build():
        model = make().to(memory_format=torch.channels_last) if x.dim() == 4 else make()
        model.train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        run = torch.compile(model) if COMPILE else model

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss(run(x), y).backward()
            optimizer.step()
        return step
    return build


def inference(make, x):
    def build():
        model = make().to(memory_format=torch.channels_last) if x.dim() == 4 else make()
        model.eval()
        run = torch.compile(model) if COMPILE else model

        def step():
            with torch.inference_mode():
                return run(x)
        return step
    return build


def classes(shape):
    return torch.from_numpy(labels(shape).reshape(-1))


def cnn_epoch():
    x, y = picture(images(60000)), classes(60000)

    def build():
        model = Cnn().to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        run = torch.compile(model) if COMPILE else model

        def step():
            right = torch.zeros((), dtype=torch.int64)
            for rows in torch.randperm(60000).split(32):
                optimizer.zero_grad(set_to_none=True)
                logits = run(x[rows])
                loss = F.cross_entropy(logits, y[rows])
                loss.backward()
                optimizer.step()
                right += (logits.argmax(1) == y[rows]).sum()
            return right
        return step
    return build


def tape():
    x, other = torch.tensor(1.001, requires_grad=True), torch.tensor(0.999)

    def build():
        def step():
            y = x
            for _ in range(1000):
                y = y * other
            y.backward()
            x.grad = None
        return step
    return build


serve({
    "cnn_32": lambda: training(Cnn, picture(images(32)), classes(32), F.cross_entropy),
    "cnn_256": lambda: training(Cnn, picture(images(256)), classes(256), F.cross_entropy),
    "cnn_epoch": cnn_epoch,
    "lstm_64": lambda: training(Sequence, torch.from_numpy(sequences(32, 50, 10)), classes((32, 50)), F.cross_entropy),
    "lstm_512": lambda: training(lambda: Sequence(512, 512), torch.from_numpy(sequences(64, 100, 512)),
                                 classes((64, 100)), F.cross_entropy),
    "autoencoder": lambda: training(Autoencoder, picture(images(128)), picture(images(128)), F.mse_loss),
    "resnet20": lambda: training(ResNet20, picture(images(64, 32, 32, 3)), classes(64), F.cross_entropy),
    "mlp": lambda: training(mlp, torch.from_numpy(images(256).reshape(256, 784)), classes(256), F.cross_entropy),
    "cnn_latency": lambda: inference(Cnn, picture(images(1))),
    "lstm_latency": lambda: inference(Sequence, torch.from_numpy(sequences(1, 50, 10))),
    "tape": tape,
    "first_batch": lambda: training(Cnn, picture(images(32)), classes(32), F.cross_entropy),
})
